#include "bench/log_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/check.h"
#include "base/clock.h"
#include "envelope/codec.h"
#include "tutor/names.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;

constexpr std::string_view kInbox = "_INBOX.log.";
constexpr std::string_view kInfo = "$JS.API.STREAM.INFO.";
constexpr std::string_view kConsumer = "$JS.API.CONSUMER.CREATE.";
constexpr char kWorker[] = "tools-1";
constexpr int64_t kHeartbeatMs = 500;
constexpr uint32_t kSlots = 1 << 20;
constexpr int64_t kNsPerMs = 1'000'000;

// The id of a tool request: the first field of its bytes.
std::string_view CallOf(std::string_view request) {
  CHECK(request.size() > 2 && request[0] == '\x0a');
  const auto size = static_cast<unsigned char>(request[1]);
  CHECK(size < 128 && request.size() >= 2u + size);
  return request.substr(2, size);
}

}  // namespace

LogWire::LogWire(const envelope::Subjects& subjects) : subjects_(subjects) {}

// --- The log -------------------------------------------------------------------------------------

void LogWire::Begin(uint32_t partition, uint64_t last_sequence) {
  logs_[subjects_.LogStream(partition)].last_sequence = last_sequence;
}

void LogWire::Append(uint32_t partition, std::span<const wire::StoredMessage> records) {
  Log& log = logs_[subjects_.LogStream(partition)];
  CHECK(log.next == log.records.size());
  CHECK(records.empty() || records.front().sequence == log.last_sequence + 1);
  log.records = records;
  log.next = 0;
  left_ += records.size();
}

size_t LogWire::Deliver(size_t records_max) {
  DeliverPosts();
  if (UnixMs() >= next_beat_ms_) Beat();
  size_t count = 0;
  // Each log in turn hands out what it may, as reads of a connection bring it.
  for (size_t tried = 0; tried < logs_.size() && count < records_max && left_ > 0; ++tried) {
    auto next = logs_.upper_bound(turn_);
    if (next == logs_.end()) next = logs_.begin();
    turn_ = next->first;
    Log& log = next->second;
    while (count < records_max && log.next < log.records.size() && log.reader != nullptr &&
           log.reader->open) {
      DeliverRecord(log);
      ++count;
    }
  }
  return count;
}

void LogWire::DeliverRecord(Log& log) {
  const wire::StoredMessage& record = log.records[log.next];
  reply_.clear();
  fmt::format_to(std::back_inserter(reply_), "$JS.ACK.LOG.reader.1.{}.{}.{}.{}", record.sequence,
                 ++log.delivered, record.time_ms * kNsPerMs, log.records.size() - log.next - 1);
  ++log.next;
  --left_;
  log.last_sequence = record.sequence;
  const SubscribedPtr reader = log.reader;  // It may go while it runs.
  reader->handler({.subject = record.subject, .reply = reply_, .data = record.data});
}

// --- Answers -------------------------------------------------------------------------------------

void LogWire::DeliverPosts() {
  for (size_t count = answers_.size(); count > 0; --count) {
    const auto [done, data] = std::move(answers_.front());
    answers_.pop_front();
    done(wire::Answer{data, {}});
  }
  for (size_t count = posts_.size(); count > 0; --count) {
    const Post post = std::move(posts_.front());
    posts_.pop_front();
    if (post.to->open) post.to->handler({.subject = post.subject, .data = post.data});
  }
}

void LogWire::Beat() {
  next_beat_ms_ = UnixMs() + kHeartbeatMs;
  envelope::ToolHeartbeat beat{.worker = kWorker, .slots = kSlots, .free = kSlots};
  for (int tool = 0; tool < tutor::kToolCount; ++tool) {
    beat.tools.emplace_back(tutor::Name(static_cast<tutor::Tool>(tool)));
  }
  beat.protobuf = true;
  beat.direct = true;
  const std::string data = envelope::EncodeToolHeartbeat(beat);
  for (const SubscribedPtr& subscribed : tool_heartbeats_) {
    if (subscribed->open) {
      posts_.push_back({subscribed, subjects_.Heartbeat(kWorker), data});
    }
  }
}

std::string LogWire::AnswerTo(const std::string& subject, const std::string& request) {
  if (subject.starts_with(kInfo)) {
    const auto log = logs_.find(subject.substr(kInfo.size()));
    const uint64_t last = log == logs_.end() ? 0 : log->second.last_sequence;
    return json{{"created", "2026-01-01T00:00:00Z"},
                {"state", {{"first_seq", 1}, {"last_seq", last}}}}
        .dump();
  }
  if (subject.starts_with(kConsumer)) {
    const json config = json::parse(request).at("config");
    Log& log = logs_[subject.substr(kConsumer.size())];
    CHECK(config.at("opt_start_seq").get<uint64_t>() == log.last_sequence + 1);
    log.reader = ByInbox(config.at("deliver_subject").get<std::string>());
    log.delivered = 0;
    return "{}";
  }
  return R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})";
}

void LogWire::Request(const wire::Outbound& message, std::chrono::milliseconds timeout,
                      AnswerHandler done) {
  (void)timeout;
  answers_.emplace_back(std::move(done),
                        AnswerTo(std::string(message.subject), std::string(message.data)));
}

// --- Subscriptions and what is published ---------------------------------------------------------

std::string LogWire::NewInbox() {
  inboxes_.emplace_back();
  return fmt::format("{}{}", kInbox, inboxes_.size() - 1);
}

LogWire::SubscribedPtr LogWire::ByInbox(std::string_view subject) const {
  size_t number = 0;
  const std::string_view rest = subject.substr(kInbox.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number < inboxes_.size() ? inboxes_[number] : nullptr;
}

Result<wire::Wire::SubscriptionId> LogWire::Subscribe(std::string_view subject,
                                                      std::string_view queue, Handler handler) {
  (void)queue;
  auto subscribed = std::make_shared<Subscribed>();
  subscribed->id = ++last_id_;
  subscribed->handler = std::move(handler);
  if (subject.starts_with(kInbox)) {
    size_t number = 0;
    const std::string_view rest = subject.substr(kInbox.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    inboxes_.at(number) = std::move(subscribed);
  } else if (subject == subjects_.AllHeartbeats()) {
    tool_heartbeats_.push_back(std::move(subscribed));
  }
  return last_id_;
}

void LogWire::Unsubscribe(SubscriptionId id) {
  for (SubscribedPtr& subscribed : inboxes_) {
    if (subscribed == nullptr || subscribed->id != id) continue;
    subscribed->open = false;
    subscribed.reset();
  }
}

Result<void> LogWire::Publish(const wire::Outbound& message) {
  ++published_;
  if (message.subject.starts_with(kInbox)) {
    if (SubscribedPtr to = ByInbox(message.subject)) {
      posts_.push_back({std::move(to), std::string(message.subject), std::string(message.data)});
    }
    return {};
  }
  if (message.reply.empty()) return {};
  SubscribedPtr to = ByInbox(message.reply);
  if (to == nullptr) return {};
  std::string answer =
      message.message_id.empty()
          ? envelope::EncodeToolAck({CallId(std::string(CallOf(message.data))), true, kWorker})
          : fmt::format(R"({{"stream":"LOG","seq":{}}})", ++stored_);
  posts_.push_back({std::move(to), std::string(message.reply), std::move(answer)});
  return {};
}

}  // namespace lyceum::bench
