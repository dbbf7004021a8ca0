// lyceum tool ask: one request to the tool workers, as a session worker sends it, and what comes of it.
//
// Tool workers answer to lyceum.in.tool.<user> and nowhere else. So the answer lies in the log, as a record of a
// learner whom nobody is (ask-<random>): no session is there, and the record changes nothing.
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "tutor/names.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr size_t kArgsBytesMax = 1 << 20;
constexpr milliseconds kAckTimeout{2000};
constexpr milliseconds kBusyPause{200};
constexpr milliseconds kLook{50};  // For a result, between looks for deltas.

int64_t UnixMsNow() {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Asking {
 public:
  Asking(const Common& common, const ToolAskOptions& options)
      : common_(common),
        options_(options),
        subjects_(common.subjects()),
        user_("ask-" + FreshId()),
        partition_(subjects_.PartitionOf(user_)),
        deadline_(In(std::chrono::seconds(options.timeout_s))) {}

  int Run() {
    auto request = Request();
    if (!request) return FailUsage(request.error());
    auto connection = Connect(common_);
    if (!connection) return FailUsage(connection.error());
    connection_ = *connection;
    auto deltas = connection_->Subscribe(subjects_.Out(ClientId(user_.value)), "", box_, 0);
    if (!deltas) return Fail(deltas.error());
    const std::string stream = subjects_.LogStream(partition_);
    auto info = wire::GetStream(*connection_, stream);
    if (!info) return Fail(info.error());
    if (!*info) return Fail(kNo, "the stream " + stream + " is not there: run `lyceum init`");
    auto reader = wire::StreamReader::Open(
        *connection_, stream, subjects_.Log(partition_, envelope::RecordClass::kTool, user_),
        (*info)->last_sequence + 1);
    if (!reader) return Fail(reader.error());
    if (auto failed = Send(*request)) return *failed;
    return WaitForResult(**reader);
  }

 private:
  // kReject: the text names the argument that does not fit.
  Result<envelope::ToolRequest> Request() const {
    std::string text = options_.args;
    if (text == "-") {
      Result<std::string> read = ReadAll("-", kArgsBytesMax);
      if (!read) return read.error();
      text = *std::move(read);
    }
    Json args = Json::parse(text, nullptr, false);
    if (!args.is_object()) return Reject("--args takes a JSON object: the arguments of the tool");
    const std::string out = subjects_.Out(ClientId(user_.value));
    const Json request{
        {"id", user_.value},
        {"attempt", 1},
        {"tool", options_.tool},
        {"user", user_.value},
        {"reply_subject", subjects_.In(envelope::RecordClass::kTool, user_)},
        {"stream_subject", out},
        {"stream_json", true},
        {"stream_subjects", {out}},
        {"stream_json_subjects", {out}},
        {"args", {{options_.tool, std::move(args)}}},
    };
    auto decoded = envelope::DecodeToolRequest(
        request.dump(-1, ' ', false, Json::error_handler_t::replace), tutor::Encoding::kJson);
    if (decoded) decoded->deadline_ms = UnixMsNow() + LeftMs(deadline_);
    return decoded;
  }

  // An exit code where nobody took it.
  std::optional<int> Send(const envelope::ToolRequest& request) {
    wire::Message message;
    message.subject = subjects_.ToolRequests(options_.tool);
    message.headers = {{"Content-Type", "application/json"}};
    message.data = envelope::EncodeToolRequest(request, tutor::Encoding::kJson);
    bool busy = false;
    while (LeftMs(deadline_) > 0) {
      auto answer = connection_->Request(message, kAckTimeout);
      if (connection_->async_errors() > 0) {
        return Fail(kNo, "the server refused it: " + connection_->last_async_error() +
                             "; this command needs the role operator");
      }
      if (!answer && answer.error().fault == Fault::kReject) {
        return Fail(kAway, "no tool worker serves " + options_.tool + ": start one");
      }
      if (!answer) continue;  // The same id again: who has it does not run it twice.
      auto ack = envelope::DecodeToolAck(
          answer->data, envelope::EncodingOf(answer->header("Content-Type"), answer->data));
      if (!ack) return Fail(kNo, "the answer to the request does not fit: " + ack.error().text);
      busy = !ack->accepted;
      if (ack->accepted) {
        std::cerr << "accepted by " << PlainLine(ack->worker, 80) << std::endl;
        return std::nullopt;
      }
      std::this_thread::sleep_for(kBusyPause);
    }
    return Fail(kAway, busy ? "all workers of " + options_.tool + " are busy"
                            : "no worker of " + options_.tool + " has answered the request");
  }

  int WaitForResult(wire::StreamReader& reader) {
    while (LeftMs(deadline_) > 0) {
      ShowDeltas();
      auto stored = reader.Next(In(kLook));
      if (!stored) return Fail(stored.error());
      if (!*stored) continue;
      ShowDeltas();
      return ShowResult(**stored);
    }
    return Fail(kAway, "no result came in " + std::to_string(options_.timeout_s) + " s");
  }

  void ShowDeltas() {
    while (auto message = box_->Pop(In(milliseconds(0)))) {
      const auto received = envelope::DecodeClientMessage(
          message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
      if (!received) {
        std::cerr << "a delta does not fit: " << received.error().text << std::endl;
      } else if (common_.json) {
        std::cout
            << Json{{"delta", Plain(received->delta_text)}, {"offset", received->offset}}.dump()
            << std::endl;
      } else {
        std::cerr << Plain(received->delta_text) << std::flush;
        in_line_ = true;
      }
    }
  }

  int ShowResult(const wire::StoredMessage& stored) {
    if (std::exchange(in_line_, false)) std::cerr << std::endl;
    const auto encoding = envelope::EncodingOf(stored.header("Content-Type"), stored.data);
    const auto decoded = envelope::DecodeEvent(stored.data, encoding, envelope::RecordClass::kTool);
    if (!decoded) return Fail(kNo, "the result does not fit: " + decoded.error().text);
    const auto text = envelope::ToJson("Event", stored.data);
    if (!text) return Fail(text.error());
    const Json result = Json::parse(*text, nullptr, false).value("tool_result", Json::object());
    std::cout << (common_.json ? Json{{"result", result}}.dump() : Plain(result.dump(2)))
              << std::endl;
    const auto& reply = std::get<tutor::ToolResult>(decoded->event.kind).reply;
    return std::holds_alternative<tutor::ToolError>(reply.outcome) ? kNo : kDone;
  }

  const Common& common_;
  const ToolAskOptions& options_;
  const envelope::Subjects subjects_;
  const UserId user_;
  const uint32_t partition_;
  const Deadline deadline_;
  const std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(4096);
  std::shared_ptr<wire::Connection> connection_;
  bool in_line_ = false;  // Words were written, and no end of the line.
};

}  // namespace

int RunToolAsk(const Common& common, const ToolAskOptions& options) {
  if (!tutor::Parse<tutor::Tool>(options.tool)) {
    std::string known;
    for (size_t i = 0; i < tutor::kToolCount; ++i) {
      known += (i == 0 ? "" : ", ") + std::string(tutor::Name(static_cast<tutor::Tool>(i)));
    }
    return Fail(kUsage, "there is no tool " + PlainLine(options.tool, 80) + "; there are " + known);
  }
  return Asking(common, options).Run();
}

}  // namespace lyceum::cli
