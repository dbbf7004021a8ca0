// lyceum trace: what happens, as it happens: new records of a learner and messages to the learner's clients, or new
// results of a tool.
//
// Records are read from the log, filtered by the server, from its end on. Messages are listened to: on the subjects of
// clients that are attached when it begins, and of those that records name from then on. Tool requests go to one tool
// worker each, and cannot be listened to without taking them: their results are records.
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/overloaded.h"
#include "base/signals.h"
#include "base/time_text.h"
#include "cli/age.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/event_summary.h"
#include "cli/replay_log.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "shard/fold.h"
#include "tutor/names.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr milliseconds kLogLook{50};  // Between looks at the log; a message is seen at once.
constexpr std::chrono::seconds kReopenMax{30};
constexpr size_t kClientsMax = 64;
constexpr size_t kMessagesMax = 65'536;
constexpr size_t kTurnMax = 1'000;
constexpr size_t kTracedTextMax = 120;

struct TraceLine {
  int64_t at_ms = 0;
  std::string source;  // record | message
  std::string number;  // Sequence, or n.
  std::string about;   // Class, or client.
  std::string id;
  std::string user;
  std::string text;
};

// One log from its end on. A reader that broke is opened again where it was.
class Tail {
 public:
  Tail(wire::Connection& connection, std::string stream, std::string filter, uint64_t next)
      : connection_(connection),
        stream_(std::move(stream)),
        filter_(std::move(filter)),
        next_(next) {}

  // The next record, where one is there. kRetry: the log could not be opened for kReopenMax.
  Result<std::optional<wire::StoredMessage>> Next() {
    if (reader_ == nullptr) {
      auto opened = wire::StreamReader::Open(connection_, stream_, filter_, next_);
      if (!opened) {
        if (opened.error().fault != Fault::kRetry || Steady::now() > broken_ + kReopenMax) {
          return opened.error();
        }
        return std::optional<wire::StoredMessage>();
      }
      reader_ = *std::move(opened);
    }
    auto record = reader_->Next(Steady::now());
    if (!record) {
      reader_.reset();
      broken_ = Steady::now();
      return std::optional<wire::StoredMessage>();
    }
    if (*record) next_ = (*record)->sequence + 1;
    return record;
  }

 private:
  wire::Connection& connection_;
  const std::string stream_, filter_;
  uint64_t next_;
  Deadline broken_ = Steady::now();
  std::unique_ptr<wire::StreamReader> reader_;
};

std::string BodyText(const tutor::Body& body) {
  const auto quoted = [](const std::string& text) {
    return " \"" + PlainLine(text, kTracedTextMax) + "\"";
  };
  return std::visit(
      Overloaded{
          [&](const tutor::TextOut& out) { return "text" + quoted(out.text); },
          [&](const tutor::QuestionOut& out) { return "question" + quoted(out.question.text); },
          [&](const tutor::FeedbackOut& out) {
            return "feedback " + std::string(Name(out.verdict)) + quoted(out.text);
          },
          [&](const tutor::HintOut& out) {
            return "hint " + std::to_string(out.level) + quoted(out.text);
          },
          [](const tutor::WaitOut& out) { return std::string(out.kept ? "wait, kept" : "wait"); },
          [&](const tutor::ErrorOut& out) {
            return "error " + PlainLine(out.code, kTracedTextMax) + quoted(out.text);
          },
          [](const tutor::ProgressOut& out) {
            return "progress " + std::to_string(out.done) + " of " + std::to_string(out.total);
          },
          [](const tutor::CompletedOut&) { return std::string("completed"); },
          [](const tutor::RetractOut& out) {
            return "retract " + PlainLine(out.call.value, kTracedTextMax);
          },
          [](const tutor::ResumedOut& out) {
            return "resumed " + std::to_string(out.first_n) + " to " + std::to_string(out.last_n);
          },
          [](const tutor::DetachedOut& out) {
            return "detached " + PlainLine(out.reason, kTracedTextMax);
          }},
      body);
}

// Of a result, which can also be an error.
std::string ToolOf(const std::string& record) {
  const auto text = envelope::ToJson("Event", record);
  if (!text) return {};
  const Json event = Json::parse(*text, nullptr, false);
  const Json result = event.is_object() ? event.value("tool_result", Json()) : Json();
  return result.is_object() ? result.value("tool", std::string()) : std::string();
}

class Trace {
 public:
  Trace(const Common& common, const TraceOptions& options, wire::Connection& connection)
      : common_(common), options_(options), subjects_(common.subjects()), connection_(connection) {}

  Result<void> Follow(const UserId& user);
  Result<void> FollowTool();
  // Until it is told to stop, the lines have come or the time is over.
  int Run(Deadline end);

 private:
  struct Log {
    uint32_t partition;
    Tail tail;
  };
  Result<void> Add(uint32_t partition, std::string filter);
  Result<void> Listen(const ClientId& client);
  Result<void> TakeRecord(uint32_t partition, const wire::StoredMessage& stored);
  void TakeMessage(const wire::Message& message);
  void Print(const TraceLine& line);
  bool enough() const { return options_.next > 0 && lines_ >= options_.next; }

  const Common& common_;
  const TraceOptions& options_;
  const envelope::Subjects subjects_;
  wire::Connection& connection_;
  UserId user_;  // Empty: of a tool.
  std::vector<Log> logs_;
  envelope::EventDecoder decoder_;
  const std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(kMessagesMax);
  std::map<std::string, wire::Subscription> clients_;
  std::vector<std::string> names_;  // Of clients, by tag.
  int64_t lines_ = 0;
};

Result<void> Trace::Add(uint32_t partition, std::string filter) {
  const std::string stream = subjects_.LogStream(partition);
  const auto info = wire::GetStream(connection_, stream);
  if (!info) return info.error();
  if (!*info) return Reject("the stream " + stream + " is not there: run `lyceum init`");
  logs_.push_back(
      {partition, Tail(connection_, stream, std::move(filter), (*info)->last_sequence + 1)});
  // What comes from now on is not missed.
  const auto opened = logs_.back().tail.Next();
  if (!opened) return opened.error();
  return *opened ? TakeRecord(partition, **opened) : Result<void>();
}

Result<void> Trace::Follow(const UserId& user) {
  user_ = user;
  auto added = Add(subjects_.PartitionOf(user), subjects_.LogFilter(user));
  if (!added) return added;
  const auto view = AskView(connection_, subjects_, user, {.history_max = 1},
                            In(std::chrono::seconds(options_.timeout_s)));
  if (!view) {
    std::cerr << view.error().text << ": messages to clients are shown from their next event on\n";
    return {};
  }
  const Json shown = Json::parse(view->json, nullptr, false);
  if (!shown.is_object()) return {};
  for (const Json& client : shown.value("clients", Json::array())) {
    if (!client.is_string()) continue;
    if (auto listening = Listen(ClientId(client.get<std::string>())); !listening) return listening;
  }
  return {};
}

Result<void> Trace::FollowTool() {
  for (uint32_t partition = 0; partition < subjects_.partitions(); ++partition) {
    std::string filter =
        subjects_.Log(partition, envelope::RecordClass::kTool, UserId("_"));  // Of anybody:
    filter.back() = '*';
    if (auto added = Add(partition, std::move(filter)); !added) return added;
  }
  return {};
}

Result<void> Trace::Listen(const ClientId& client) {
  if (clients_.contains(client.value) || clients_.size() >= kClientsMax) return {};
  auto subscribed =
      connection_.Subscribe(subjects_.Out(client), "", box_, static_cast<int>(names_.size()));
  if (!subscribed) return subscribed.error();
  clients_.emplace(client.value, *std::move(subscribed));
  names_.push_back(client.value);
  return {};
}

Result<void> Trace::TakeRecord(uint32_t partition, const wire::StoredMessage& stored) {
  TraceLine line{
      .at_ms = stored.time_ms, .source = "record", .number = std::to_string(stored.sequence)};
  const shard::Record record = RecordOf(stored);
  const auto address = shard::AddressOf(subjects_, partition, record);
  std::optional<tutor::Event> event;
  if (const auto* refused = std::get_if<shard::Refused>(&address)) {
    line.text = "refused: " + PlainLine(refused->text, kTracedTextMax);
  } else {
    const auto& parts = std::get<envelope::Subjects::LogSubject>(address);
    if (parts.of_partition()) return {};  // Its name ends alike.
    line.about = Name(parts.record_class);
    line.user = parts.user;
    auto decoded = shard::EventOf(decoder_, record, parts.record_class);
    if (const auto* wrong = std::get_if<shard::Refused>(&decoded)) {
      line.text = "refused: " + PlainLine(wrong->text, kTracedTextMax);
    } else {
      event = std::get<envelope::DecodedEvent>(std::move(decoded)).event;
      line.id = event->id.value;
      line.text = Summary(*event);
    }
  }
  if (!options_.tool.empty()) {
    if (ToolOf(stored.data) != options_.tool) return {};
  } else if (event && line.about == "user" && !event->client.empty()) {
    if (auto listening = Listen(event->client); !listening) return listening;
  }
  Print(line);
  return {};
}

void Trace::TakeMessage(const wire::Message& message) {
  const auto received = envelope::DecodeClientMessage(
      message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
  // A client's subject is of one learner at a time, and can have been another's.
  if (!received || received->user != user_ || received->is_delta) return;
  const tutor::ClientMessage& told = received->message;
  TraceLine line{.at_ms = told.at_ms == 0 ? UnixMs() : told.at_ms,
                 .source = "message",
                 .number = std::to_string(told.n),
                 .about = names_[static_cast<size_t>(message.tag)],
                 .id = told.id,
                 .user = received->user.value};
  line.text = received->is_retract ? "retract " + PlainLine(received->request_id, kTracedTextMax)
                                   : BodyText(told.body) + ", " + std::string(Name(told.state));
  Print(line);
}

void Trace::Print(const TraceLine& line) {
  if (enough()) return;
  ++lines_;
  if (common_.json) {
    Json json{{"kind", line.source}, {"at", TimeText(line.at_ms)}};
    const bool is_record = line.source == "record";
    json[is_record ? "sequence" : "n"] = std::stoull(line.number);
    json["user"] = Plain(line.user);
    json[is_record ? "class" : "client"] = Plain(line.about);
    json["id"] = Plain(line.id);
    json["text"] = line.text;
    std::cout << json.dump() << std::endl;
    return;
  }
  std::cout << TimeText(line.at_ms) << "  " << (line.source == "record" ? "#" : "n ") << line.number
            << "  " << PlainLine(line.about, 64) << "  " << PlainLine(line.id, 64) << "  "
            << (user_.empty() ? PlainLine(line.user, 128) + "  " : "") << line.text << std::endl;
}

int Trace::Run(Deadline end) {
  while (!enough() && Steady::now() < end && !WaitForStop(Steady::now())) {
    for (Log& log : logs_) {
      // What is there, and no more than a part of it before the others have their turn.
      for (size_t i = 0; i < kTurnMax && !enough(); ++i) {
        const auto record = log.tail.Next();
        if (!record) return Fail(record.error());
        if (!*record) break;
        if (auto taken = TakeRecord(log.partition, **record); !taken) return Fail(taken.error());
      }
    }
    Deadline until = std::min(end, In(kLogLook));
    for (size_t i = 0; i < kTurnMax && !enough(); ++i) {
      const auto message = box_->Pop(until);
      if (!message) break;
      TakeMessage(*message);
      until = Steady::now();
    }
  }
  if (box_->dropped() > 0) {
    std::cerr << box_->dropped() << " messages came faster than they were shown\n";
  }
  if (options_.next > 0 && !enough() && Steady::now() >= end) {
    return Fail(kNo, std::to_string(lines_) + " lines in that time");
  }
  return kDone;
}

}  // namespace

int RunTrace(const Common& common, const TraceOptions& options) {
  if (options.user.empty() == options.tool.empty()) {
    return Fail(kUsage, "give either a user that is not empty or --tool");
  }
  if (!options.tool.empty() && !tutor::Parse<tutor::Tool>(options.tool)) {
    return Fail(kUsage, "there is no tool " + PlainLine(options.tool, 80));
  }
  Deadline end = Deadline::max();
  if (!options.duration.empty()) {
    const auto wait_ms = ParseAgeMs(options.duration, "--for");
    if (!wait_ms) return FailUsage(wait_ms.error());
    end = In(milliseconds(*wait_ms));
  }
  const Result<UserId> user = options.user.empty() ? UserId() : UserOf(options.user);
  if (!user) return FailUsage(user.error());
  CatchStopSignals();
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  if (auto failed = CheckPartitions(common, **connection)) return *failed;
  Trace trace(common, options, **connection);
  auto following = options.tool.empty() ? trace.Follow(*user) : trace.FollowTool();
  if (following) following = (*connection)->Flush(std::chrono::seconds(options.timeout_s));
  if (!following) return Fail(following.error());
  std::cerr << "following; Ctrl-C ends it\n";
  return trace.Run(end);
}

}  // namespace lyceum::cli
