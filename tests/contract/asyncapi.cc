// The whole contract as an AsyncAPI 3 document, as YAML.
#include <string>
#include <utility>
#include <vector>

#include "contract/contract_model.h"
#include "contract/json_schema.h"

namespace lyceum::contract {
namespace {

struct Channel {
  const char* name;
  const char* address;
  std::vector<const char*> messages;
  const char* description;
};
struct Operation {
  const char* name;
  const char* action;  // Of Lyceum: it receives, or it sends.
  const char* channel;
  const char* summary;
  const char* reply = "";  // The message of the reply.
};

const std::vector<Channel>& Channels() {
  static const std::vector<Channel> channels = {
      {"learnerEvents",
       "lyceum.in.user.{user}",
       {"LearnerEvent"},
       "Learners' events, from gateways. JetStream: the ack means that the event is in the log and "
       "will be folded. "
       "Nats-Msg-Id is <user>/<id>."},
      {"operatorEvents",
       "lyceum.in.admin.{user}",
       {"OperatorEvent"},
       "Operators' events. JetStream; the session keeps each in its history."},
      {"teacherEvents",
       "lyceum.in.teacher.{user}",
       {"TeacherEvent"},
       "Teachers' decisions on drafts of a supervised session. JetStream."},
      {"drafts",
       "lyceum.draft.{course}.{user}",
       {"Draft"},
       "Texts of a supervised session that wait for a teacher, every ten seconds while they do, "
       "and "
       "what became of them."},
      {"toolResults",
       "lyceum.in.tool.{user}",
       {"ToolEvent"},
       "Results of tools: the reply_subject of a request. JetStream, sent again until it is acked; "
       "Nats-Msg-Id is the id "
       "of the request."},
      {"clientMessages",
       "lyceum.out.{client}",
       {"ClientMessage"},
       "What a session says, to each of its attached clients; deltas come from tool workers."},
      {"queries",
       "lyceum.query.{user}",
       {"Query"},
       "Request and reply: the whole state of a session."},
      {"toolRequests",
       "lyceum.tool.{tool}",
       {"ToolRequest"},
       "Requests for tools, to one member of the queue group `tools`. Its reply subject takes a "
       "ToolAck at once."},
      {"directToolRequests",
       "lyceum.tool.{tool}.{worker}",
       {"ToolRequest"},
       "The same, to a worker whose heartbeat says `direct`, where the queue group's choice does "
       "not answer."},
      {"toolWorkers",
       "lyceum.toolworker.{worker}",
       {"ToolHeartbeat"},
       "Heartbeats of tool workers, every 500 ms."},
      {"toolControl",
       "lyceum.toolctl.{worker}",
       {"ToolCancel", "ToolRefused"},
       "To one tool worker. A ToolRefused has a reason."},
      {"sessionWorkers",
       "lyceum.worker.{worker}",
       {"WorkerHeartbeat"},
       "Heartbeats of session workers."},
      {"partitionCommands",
       "lyceum.partition.{partition}",
       {"PartitionCommand"},
       "Request and reply, from an operator to the owner of a partition."},
      {"deadLetters",
       "lyceum.dlq.{partition}.{user}",
       {"DeadLetter"},
       "Records that were refused. Stream LYCEUM_DLQ. Always protobuf: see `lyceum dlq`."},
  };
  return channels;
}

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> operations = {
      {"takeLearnerEvent", "receive", "learnerEvents", "A learner does something."},
      {"takeOperatorEvent", "receive", "operatorEvents", "An operator commands a session."},
      {"takeTeacherEvent", "receive", "teacherEvents", "A teacher decides on a draft."},
      {"showDraft", "send", "drafts", "A text waits for a teacher, or does not any more."},
      {"takeToolResult", "receive", "toolResults", "A tool has answered."},
      {"tellClient", "send", "clientMessages", "A session says something."},
      {"answerQuery", "receive", "queries", "Somebody asks for the state of a session.",
       "SessionView"},
      {"askTool", "send", "toolRequests", "A session needs a tool.", "ToolAck"},
      {"askToolDirectly", "send", "directToolRequests", "The same, straight to a worker.",
       "ToolAck"},
      {"hearToolWorker", "receive", "toolWorkers", "A tool worker is alive."},
      {"controlToolWorker", "send", "toolControl", "A result is no longer wanted, or did not fit."},
      {"tellOfSessionWorker", "send", "sessionWorkers", "A session worker is alive."},
      {"takePartitionCommand", "receive", "partitionCommands", "An operator commands a partition.",
       "PartitionReply"},
      {"keepDeadLetter", "send", "deadLetters", "A record was refused."},
  };
  return operations;
}

Json Ref(const std::string& to) { return {{"$ref", to}}; }

Json Parameters(const std::string& address) {
  static const std::vector<std::pair<std::string, std::string>> known = {
      {"user", "A token [A-Za-z0-9_-]{1,64}, or ~ and base64url of the id's UTF-8."},
      {"client", "A token, as a user is."},
      {"course", "A token made of the course's id, as a user's is; - where none can carry it."},
      {"tool", "Name of a tool: load_topic and so on."},
      {"worker", "Id of a worker, a token."},
      {"partition", "Its number."}};
  Json parameters = Json::object();
  for (const auto& [name, description] : known) {
    if (address.find("{" + name + "}") != std::string::npos) {
      parameters[name] = {{"description", description}};
    }
  }
  return parameters;
}

Json Document(const Contract& contract) {
  Json channels = Json::object();
  Json messages = Json::object();
  const auto message = [&](const std::string& name) {
    messages[name] = {{"name", name},
                      {"contentType", "application/json"},
                      {"payload", Ref("#/components/schemas/" + name)}};
  };
  for (const Channel& channel : Channels()) {
    Json of_channel = Json::object();
    for (const char* name : channel.messages) {
      message(name);
      of_channel[name] = Ref(std::string("#/components/messages/") + name);
    }
    channels[channel.name] = {{"address", channel.address},
                              {"description", channel.description},
                              {"messages", std::move(of_channel)},
                              {"parameters", Parameters(channel.address)}};
  }
  Json operations = Json::object();
  for (const Operation& operation : Operations()) {
    Json one{{"action", operation.action},
             {"channel", Ref(std::string("#/channels/") + operation.channel)},
             {"summary", operation.summary}};
    if (const std::string reply = operation.reply; !reply.empty()) {
      message(reply);
      const std::string channel = "replyOf_" + std::string(operation.name);
      channels[channel] = {{"address", nullptr},
                           {"description", "The reply subject of the NATS message."},
                           {"messages", {{reply, Ref("#/components/messages/" + reply)}}}};
      one["reply"] = {{"channel", Ref("#/channels/" + channel)}};
    }
    operations[operation.name] = std::move(one);
  }
  return {{"asyncapi", "3.0.0"},
          {"info",
           {{"title", "Lyceum"},
            {"version", "1"},
            {"description",
             "Tutoring sessions over NATS, contract v1: see contract.md. Payloads are these in "
             "JSON (header Content-Type: "
             "application/json, or first byte {), or the same messages in protobuf "
             "(messages/lyceum/v1/lyceum.proto). "
             "Operations are named from Lyceum's side. The prefix lyceum can be another one. "
             "Written by "
             "tests/contract/generate: do not edit."},
            {"license", {{"name", "Apache-2.0"}}}}},
          {"defaultContentType", "application/json"},
          {"servers",
           {{"nats",
             {{"host", "127.0.0.1:4222"},
              {"protocol", "nats"},
              {"description", "With JetStream and the mapping of ops/nats/lyceum.conf."},
              {"security", Json::array({Ref("#/components/securitySchemes/role")})}}}}},
          {"channels", std::move(channels)},
          {"operations", std::move(operations)},
          {"components",
           {{"schemas", SchemasOf(contract, "#/components/schemas/")},
            {"messages", std::move(messages)},
            {"securitySchemes",
             {{"role",
               {{"type", "userPassword"},
                {"description",
                 "A user for each role: gateway, operator, teacher, tool_worker, session_worker, "
                 "admin. Its "
                 "inbox prefix is _INBOX.<role>."}}}}}}}};
}

// Block style; every text as JSON writes it, which YAML reads as it is.
void WriteYaml(const Json& value, size_t depth, std::string* out) {
  const std::string indent(depth * 2, ' ');
  const auto child = [&](const Json& one) {
    const bool flat = !one.is_structured() || one.empty();
    *out += flat ? " " + one.dump() + "\n" : "\n";
    if (!flat) WriteYaml(one, depth + 1, out);
  };
  if (value.is_object()) {
    for (const auto& [key, one] : value.items()) {
      const bool plain = key.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "_0123456789") == std::string::npos;
      *out += indent + (plain ? key : Json(key).dump()) + ":";
      child(one);
    }
  } else if (value.is_array()) {
    for (const Json& one : value) {
      *out += indent + "-";
      child(one);
    }
  }
}

}  // namespace

std::string AsyncApiOf(const Contract& contract) {
  std::string yaml;
  WriteYaml(Document(contract), 0, &yaml);
  return yaml;
}

}  // namespace lyceum::contract
