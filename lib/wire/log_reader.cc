// What comes by the inbox of a reader:
//
//   record   reply = $JS.ACK.<stream>.<consumer>.<tries>.<stream seq>.<consumer seq>.<ns>.<pending>
//            newer servers may put <domain>.<account> behind ACK, and more at the end
//   status   100, no data. With a reply: flow control, answered when read up to here.
//            Otherwise a heartbeat: Nats-Last-Consumer, and Nats-Consumer-Stalled = a flow control
//            subject.
#include "wire/log_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_object.h"
#include "base/time_text.h"
#include "wire/js_api.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kHeartbeatMs = 500;
constexpr int64_t kSilenceMaxMs = 1700;
constexpr int64_t kTickGapMaxMs =
    1000;  // More: nobody called Tick, which says nothing of the server.
constexpr int64_t kUnusedMaxMs = 10'000;  // Then the server forgets the consumer.
constexpr std::chrono::milliseconds kAskTimeout{5000};
constexpr int kStatusOfJetStream = 100;

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Delivery {
  uint64_t stream_sequence = 0;
  uint64_t consumer_sequence = 0;
  int64_t time_ms = 0;
  uint64_t pending = 0;
};

std::optional<Delivery> ParseDelivery(std::string_view reply) {
  constexpr size_t kShort = 9;
  constexpr size_t kLong = 11;
  if (!reply.starts_with("$JS.ACK.")) return std::nullopt;
  std::array<std::string_view, kLong> tokens;
  size_t count = 0;
  for (bool last = false; !last; ++count) {
    const size_t dot = reply.find('.');
    last = dot == std::string_view::npos;
    if (count < kLong) tokens[count] = reply.substr(0, dot);
    if (!last) reply.remove_prefix(dot + 1);
  }
  if (count != kShort && count < kLong) return std::nullopt;
  const size_t first = count == kShort ? 5 : 7;
  const auto stream = ParseNumber(tokens[first]);
  const auto consumer = ParseNumber(tokens[first + 1]);
  const auto time_ns = ParseNumber(tokens[first + 2]);
  const auto pending = ParseNumber(tokens[first + 3]);
  if (!stream || !consumer || !time_ns || !pending) return std::nullopt;
  return Delivery{*stream, *consumer, static_cast<int64_t>(*time_ns) / kNsPerMs, *pending};
}

std::string ConsumerRequest(const std::string& stream, const std::string& inbox, uint64_t from,
                            std::optional<int64_t> from_ms, const LogReader::Options& options) {
  JsonObject config;
  config.Add("deliver_subject", inbox);
  if (!options.subject.empty()) config.Add("filter_subject", options.subject);
  if (options.bytes_per_s > 0) config.Add("rate_limit_bps", options.bytes_per_s * 8);
  if (from_ms) {
    config.Add("deliver_policy", "by_start_time").Add("opt_start_time", TimeText(*from_ms));
  } else {
    config.Add("deliver_policy", "by_start_sequence").Add("opt_start_seq", from);
  }
  config.Add("ack_policy", "none").Add("replay_policy", "instant").Add("max_deliver", 1);
  config.Add("flow_control", true).Add("idle_heartbeat", kHeartbeatMs * kNsPerMs);
  config.Add("inactive_threshold", kUnusedMaxMs * kNsPerMs);
  config.Add("mem_storage", true).Add("num_replicas", 1);
  return JsonObject().Add("stream_name", stream).AddJson("config", config.End()).End();
}

}  // namespace

// Shared with the handlers that the wire keeps: it lives as long as one of them runs.
struct LogReader::Impl : std::enable_shared_from_this<LogReader::Impl> {
  Impl(Wire* wire_in, const Clock* clock_in, std::string stream_in, uint64_t from,
       Options options_in, RecordHandler record_in, BrokenHandler broken_in)
      : wire(wire_in),
        clock(clock_in),
        stream(std::move(stream_in)),
        next_at_least(std::max<uint64_t>(from, 1)),
        options(std::move(options_in)),
        record(std::move(record_in)),
        broken(std::move(broken_in)) {}

  void Open(std::optional<int64_t> from_ms);
  void Close();
  void Break(const std::string& why);
  void OnArrived(const Arrived& arrived);
  void OnRecord(const Arrived& arrived, const Delivery& delivery);
  void OnStatus(const Arrived& arrived);
  void AnswerFlowControl(std::string_view subject);

  Wire* const wire;
  const Clock* const clock;
  const std::string stream;
  uint64_t next_at_least;  // The smallest stream sequence that may come.
  const Options options;
  const RecordHandler record;
  const BrokenHandler broken;

  bool open = true;   // Nobody is called any more once it is false.
  bool made = false;  // The server has the consumer.
  std::function<void(int64_t)> on_made;
  uint64_t connection = 0;      // Its number when the consumer was asked for.
  uint64_t delivered = 0;       // The last consumer sequence that came.
  int64_t silent_since_ms = 0;  // When something came last.
  int64_t last_tick_ms = 0;
  bool paused = false;
  std::string unanswered;  // Flow control that came while paused.
  Wire::SubscriptionId subscription = 0;
};

void LogReader::Impl::Open(std::optional<int64_t> from_ms) {
  silent_since_ms = last_tick_ms = clock->SteadyMs();
  connection = wire->connection_number();
  const std::string inbox = wire->NewInbox();
  auto subscribed = wire->Subscribe(inbox, "", [self = shared_from_this()](const Arrived& arrived) {
    const std::shared_ptr<Impl> running = self;
    running->OnArrived(arrived);
  });
  // Where that failed, so does the request: its answer tells.
  if (subscribed) subscription = *subscribed;
  AskApi(*wire, "$JS.API.CONSUMER.CREATE." + stream,
         ConsumerRequest(stream, inbox, next_at_least, from_ms, options),
         "making a consumer of stream " + stream + " failed", kAskTimeout,
         [weak = weak_from_this(), failed = !subscribed](const Result<ApiAnswer>& answer) {
           const std::shared_ptr<Impl> self = weak.lock();
           if (self == nullptr || !self->open) return;
           if (!answer) return self->Break(answer.error().text);
           if (answer->code != 0) return self->Break(ApiError(*answer, "no consumer").text);
           if (failed) return self->Break("the inbox could not be subscribed to");
           self->made = true;
           self->silent_since_ms = self->clock->SteadyMs();
           const auto created_ns = ParseTimeNs(TextOf(answer->json, "created"));
           if (self->on_made) self->on_made(created_ns.value_or(0) / kNsPerMs);
           if (!self->open || !self->options.opened) return;
           // What was delivered before the answer was written is not pending any more.
           const auto sent = answer->json.find("delivered");
           const uint64_t before = sent != answer->json.end() && sent->is_object()
                                       ? NumberOf(*sent, "consumer_seq")
                                       : 0;
           self->options.opened(NumberOf(answer->json, "num_pending") + before);
         });
}

void LogReader::Impl::Close() {
  open = false;
  wire->Unsubscribe(subscription);
  subscription = 0;
}

void LogReader::Impl::Break(const std::string& why) {
  Close();
  broken(Retry("the reader of " + stream + " is broken: " + why));
}

void LogReader::Impl::OnArrived(const Arrived& arrived) {
  if (!open) return;
  silent_since_ms = clock->SteadyMs();
  if (const auto delivery = ParseDelivery(arrived.reply)) return OnRecord(arrived, *delivery);
  if (arrived.status == kStatusOfJetStream) OnStatus(arrived);
}

void LogReader::Impl::OnRecord(const Arrived& arrived, const Delivery& delivery) {
  if (delivery.consumer_sequence != delivered + 1) return Break("a record is missing");
  if (delivery.stream_sequence < next_at_least) return Break("the stream went back");
  delivered = delivery.consumer_sequence;
  next_at_least = delivery.stream_sequence + 1;
  record({.subject = arrived.subject,
          .content_type = arrived.content_type,
          .data = arrived.data,
          .sequence = delivery.stream_sequence,
          .time_ms = delivery.time_ms,
          .pending = delivery.pending,
          .headers = arrived.headers});
}

void LogReader::Impl::OnStatus(const Arrived& arrived) {
  if (!arrived.reply.empty()) return AnswerFlowControl(arrived.reply);
  const auto last = ParseNumber(arrived.header("Nats-Last-Consumer"));
  if (last && *last != delivered) return Break("the server delivered more than came");
  AnswerFlowControl(arrived.header("Nats-Consumer-Stalled"));
}

void LogReader::Impl::AnswerFlowControl(std::string_view subject) {
  if (subject.empty()) return;
  if (paused) {
    unanswered = subject;
    return;
  }
  // Fails only where the connection is gone: then so is the consumer.
  (void)wire->Publish({.subject = subject});
}

LogReader::LogReader(Wire* wire, const Clock* clock, std::string stream, uint64_t from,
                     RecordHandler record, BrokenHandler broken)
    : LogReader(wire, clock, std::move(stream), from, Options{}, std::move(record),
                std::move(broken)) {}

LogReader::LogReader(Wire* wire, const Clock* clock, std::string stream, uint64_t from,
                     Options options, RecordHandler record, BrokenHandler broken)
    : impl_(std::make_shared<Impl>(wire, clock, std::move(stream), from, std::move(options),
                                   std::move(record), std::move(broken))) {
  impl_->Open(std::nullopt);
}

LogReader::LogReader(Wire* wire, const Clock* clock, std::string stream, FromTime from,
                     RecordHandler record, BrokenHandler broken)
    : impl_(std::make_shared<Impl>(wire, clock, std::move(stream), 1, Options{}, std::move(record),
                                   std::move(broken))) {
  impl_->Open(from.unix_ms);
}

LogReader::~LogReader() { impl_->Close(); }

void LogReader::OnMade(std::function<void(int64_t)> made) { impl_->on_made = std::move(made); }

void LogReader::Pause(bool paused) {
  impl_->paused = paused;
  if (paused || impl_->unanswered.empty() || !impl_->open) return;
  impl_->AnswerFlowControl(std::exchange(impl_->unanswered, {}));
}

void LogReader::Tick() {
  const std::shared_ptr<Impl> impl = impl_;  // The handler may destroy the reader.
  if (!impl->open) return;
  const int64_t now_ms = impl->clock->SteadyMs();
  if (now_ms - impl->last_tick_ms > kTickGapMaxMs) impl->silent_since_ms = now_ms;
  impl->last_tick_ms = now_ms;
  if (!impl->wire->connected() || impl->wire->connection_number() != impl->connection) {
    return impl->Break("its connection is gone");
  }
  if (impl->made && now_ms - impl->silent_since_ms > kSilenceMaxMs) {
    impl->Break("the server is silent");
  }
}

void GetLogInfo(Wire& wire, const std::string& stream,
                std::function<void(Result<std::optional<LogInfo>>)> done) {
  const std::string what = "looking at stream " + stream + " failed";
  AskApi(wire, "$JS.API.STREAM.INFO." + stream, "", what, kAskTimeout,
         [what, done = std::move(done)](const Result<ApiAnswer>& answer) {
           if (!answer) return done(answer.error());
           if (answer->code == kStreamNotFound) return done(std::optional<LogInfo>());
           if (answer->code != 0) return done(ApiError(*answer, what));
           const auto state = answer->json.find("state");
           const auto created_ns = ParseTimeNs(TextOf(answer->json, "created"));
           if (state == answer->json.end() || !state->is_object() || !created_ns) {
             return done(Retry(what + ": the answer cannot be read"));
           }
           done(std::optional<LogInfo>(LogInfo{NumberOf(*state, "first_seq"),
                                               NumberOf(*state, "last_seq"), *created_ns,
                                               NumberOf(*state, "messages")}));
         });
}

void GetLogRecord(Wire& wire, const std::string& stream, uint64_t sequence,
                  std::function<void(Result<std::optional<OwnedRecord>>)> done) {
  GetApiMessage(wire, stream, JsonObject().Add("seq", sequence).End(), kAskTimeout,
                [done = std::move(done)](Result<std::optional<ApiMessage>> message) {
                  if (!message) return done(message.error());
                  if (!*message) return done(std::optional<OwnedRecord>());
                  done(std::optional<OwnedRecord>(std::move((*message)->record)));
                });
}

}  // namespace lyceum::wire
