// lyceum send: one event into a session's log.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/ask.h"
#include "cli/cli.h"
#include "tutor/event.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

tutor::EventKind KindOf(const SendOptions& options) {
  if (options.start) {
    tutor::Start start;
    start.course = CourseId(*options.start);
    start.topic = TopicId(options.topic);
    return start;
  }
  if (options.text) {
    tutor::Intent intent = tutor::Intent::kUnspecified;
    if (options.intent == "answer") intent = tutor::Intent::kAnswer;
    if (options.intent == "question") intent = tutor::Intent::kQuestion;
    return tutor::UserMessage{*options.text, intent};
  }
  if (options.hint) return tutor::Hint{};
  if (options.skip) return tutor::Skip{};
  if (options.go_on) return tutor::Continue{};
  if (options.attach) return tutor::Attach{*options.attach};
  if (options.stop) return tutor::Stop{};
  if (options.review) return tutor::Review{*options.review, ""};
  CHECK(options.detach);
  return tutor::Detach{};
}

// The person's JSON, with the id and client that the flags give where it has none.
Result<tutor::Event> EventOf(const SendOptions& options, const ClientId& client) {
  const std::string id = options.id.empty() ? FreshId() : options.id;
  if (!options.event) {
    tutor::Event event{EventId(id), client, tutor::Encoding::kJson, KindOf(options)};
    if (Result<void> checked = CheckEvent(event); !checked) return checked.error();
    return event;
  }
  Json json = Json::parse(*options.event, nullptr, false);
  if (!json.is_object()) return Reject("--event takes a JSON object of an Event");
  if (!options.id.empty() || !json.contains("id")) json["id"] = id;
  if (!client.empty()) json["client"] = client.value;
  return envelope::EventFromJson(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int RunSend(const Common& common, const SendOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  ClientId client;
  if (!options.client.empty()) {
    Result<ClientId> token = ClientOf(options.client);
    if (!token) return FailUsage(token.error());
    client = *token;
  }
  Result<tutor::Event> event = EventOf(options, client);
  if (!event) return FailUsage(event.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  Result<wire::PubAck> ack =
      Deliver(**connection, subjects, *user, *event, In(std::chrono::seconds(options.timeout_s)));
  if (!ack) return Fail(ack.error());
  const std::string subject = subjects.In(envelope::ClassOf(event->kind), *user);
  if (common.json) {
    std::cout << Json{{"subject", subject},
                      {"id", event->id.value},
                      {"sequence", ack->sequence},
                      {"duplicate", ack->duplicate}}
                     .dump()
              << std::endl;
  } else {
    std::cout << subject << " " << event->id.value << " is record " << ack->sequence
              << (ack->duplicate ? ", as before" : "") << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
