// A reader is a push consumer without acks that lives as long as its connection and misses nothing:
// the server numbers what it delivers (the consumer sequence), so one number left out is a gap, and
// a heartbeat says which number was the last. On any doubt the reader breaks and its owner opens
// another.
//
//   delivery   reply = $JS.ACK.<stream>.<consumer>.<tries>.<stream seq>.<consumer seq>.<ns>
//              .<pending>; newer servers may put <domain>.<account> behind ACK, and more at the end
//   status     header Status: 100, no data. With a reply: flow control, answered when read up to
//              here. Otherwise a heartbeat: Nats-Last-Consumer, and Nats-Consumer-Stalled = a flow
//              control subject.
#include <charconv>

#include "wire/connection_impl.h"
#include "wire/jetstream.h"
#include "wire/subject.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr std::chrono::milliseconds kHeartbeat{500};
constexpr std::chrono::milliseconds kSilenceMax{2500};
constexpr std::chrono::milliseconds kSlice{100};  // How soon a reconnect is seen.
constexpr std::chrono::seconds kUnusedMax{10};    // Then the server forgets the consumer.
constexpr int kPendingMessages = 1 << 20;         // Flow control keeps far below both.
constexpr int kPendingBytes = 256 << 20;

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Place {
  uint64_t stream_sequence = 0;
  uint64_t consumer_sequence = 0;
  int64_t time_ms = 0;
  uint64_t pending = 0;
};

std::optional<Place> ParsePlace(std::string_view reply) {
  if (!reply.starts_with("$JS.ACK.")) return std::nullopt;
  std::vector<std::string_view> tokens;
  while (true) {
    const size_t dot = reply.find('.');
    tokens.push_back(reply.substr(0, dot));
    if (dot == std::string_view::npos) break;
    reply.remove_prefix(dot + 1);
  }
  if (tokens.size() != 9 && tokens.size() < 11) return std::nullopt;
  const size_t first = tokens.size() == 9 ? 5 : 7;
  const auto stream = Number(tokens[first]);
  const auto consumer = Number(tokens[first + 1]);
  const auto time_ns = Number(tokens[first + 2]);
  const auto pending = Number(tokens[first + 3]);
  if (!stream || !consumer || !time_ns || !pending) return std::nullopt;
  return Place{*stream, *consumer, static_cast<int64_t>(*time_ns) / kNsPerMs, *pending};
}

}  // namespace

struct StreamReader::Impl {
  ~Impl() {
    if (subscription != nullptr) natsSubscription_Unsubscribe(subscription.get());
  }

  Error Break(const std::string& why) {
    broken = "the reader of " + stream + " is broken: " + why;
    return Retry(broken);
  }
  Result<void> Status(const Message& message);
  Result<std::optional<StoredMessage>> Delivery(natsMsg* msg, const Place& place);

  Connection* connection = nullptr;
  std::string stream;
  uint64_t reconnects = 0;     // Of the connection, when the consumer was made.
  uint64_t next_at_least = 0;  // The smallest stream sequence that may come.
  uint64_t delivered = 0;      // The last consumer sequence that came.
  uint64_t pending = 0;        // When it was opened.
  Deadline silent_since;
  std::string broken;
  SubscriptionHandle subscription;
};

namespace {

// How many messages there are for it.
Result<uint64_t> AddConsumer(Connection& connection, const std::string& stream,
                             const std::string& filter, uint64_t from, const std::string& inbox) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverSubject = inbox.c_str();
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = from;
  config.AckPolicy = js_AckNone;
  config.MaxDeliver = 1;
  if (!filter.empty()) config.FilterSubject = filter.c_str();
  config.FlowControl = true;
  config.Heartbeat = kHeartbeat / std::chrono::milliseconds(1) * kNsPerMs;
  config.InactiveThreshold = kUnusedMax / std::chrono::milliseconds(1) * kNsPerMs;
  config.MemoryStorage = true;
  config.Replicas = 1;
  jsErrCode code{};
  jsConsumerInfo* raw = nullptr;
  const natsStatus status = js_AddConsumer(&raw, connection.impl().jetstream.get(), stream.c_str(),
                                           &config, nullptr, &code);
  const ConsumerInfoHandle info(raw);
  if (status == NATS_OK) return info->NumPending;
  return JetStreamError(connection.impl(), status, code, "reading stream " + stream + " failed");
}

}  // namespace

StreamReader::StreamReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StreamReader::~StreamReader() = default;

uint64_t StreamReader::pending() const { return impl_->pending; }

Result<std::unique_ptr<StreamReader>> StreamReader::Open(Connection& connection,
                                                         const std::string& stream,
                                                         const std::string& filter, uint64_t from) {
  if (!filter.empty() && !IsSubjectPattern(filter)) return Reject("not a filter subject");
  auto impl = std::make_unique<Impl>();
  impl->connection = &connection;
  impl->stream = stream;
  impl->next_at_least = std::max<uint64_t>(from, 1);
  impl->reconnects = connection.reconnects();
  impl->silent_since = Steady::now();
  const std::string inbox = connection.NewInbox();
  natsSubscription* raw = nullptr;
  const natsStatus status =
      natsConnection_SubscribeSync(&raw, connection.impl().connection.get(), inbox.c_str());
  impl->subscription.reset(raw);
  if (status != NATS_OK) return FromStatus(status, "subscribing for stream " + stream + " failed");
  natsSubscription_SetPendingLimits(raw, kPendingMessages, kPendingBytes);
  auto added = AddConsumer(connection, stream, filter, impl->next_at_least, inbox);
  if (!added) return added.error();
  impl->pending = *added;
  return std::make_unique<StreamReader>(std::move(impl));
}

Result<void> StreamReader::Impl::Status(const Message& message) {
  if (message.header("Status") != "100") return {};
  if (!message.reply.empty()) {
    return connection->Publish({.subject = message.reply, .reply = {}, .headers = {}, .data = {}});
  }
  if (const auto last = Number(message.header("Nats-Last-Consumer")); last && *last != delivered) {
    return Break("the server delivered more than came");
  }
  const std::string stalled(message.header("Nats-Consumer-Stalled"));
  if (stalled.empty()) return {};
  return connection->Publish({.subject = stalled, .reply = {}, .headers = {}, .data = {}});
}

Result<std::optional<StoredMessage>> StreamReader::Impl::Delivery(natsMsg* msg,
                                                                  const Place& place) {
  if (place.consumer_sequence != delivered + 1) return Break("a message is missing");
  if (place.stream_sequence < next_at_least) return Break("the stream went back");
  delivered = place.consumer_sequence;
  next_at_least = place.stream_sequence + 1;
  StoredMessage stored;
  stored.subject = natsMsg_GetSubject(msg);
  stored.headers = HeadersOf(msg);
  stored.data = DataOf(msg);
  stored.sequence = place.stream_sequence;
  stored.time_ms = place.time_ms;
  stored.pending = place.pending;
  return std::optional<StoredMessage>(std::move(stored));
}

Result<std::optional<StoredMessage>> StreamReader::Next(Deadline deadline) {
  Impl& impl = *impl_;
  if (!impl.broken.empty()) return Retry(impl.broken);
  while (true) {
    const int64_t wait_ms = std::min<int64_t>(LeftMs(deadline), kSlice.count());
    natsMsg* raw = nullptr;
    natsStatus status = natsSubscription_NextMsg(&raw, impl.subscription.get(), wait_ms);
    const MsgHandle msg(raw);
    if (status == NATS_TIMEOUT) {
      if (impl.connection->reconnects() != impl.reconnects) return impl.Break("reconnected");
      const bool silent = Steady::now() - impl.silent_since > kSilenceMax;
      if (silent && impl.connection->connected()) return impl.Break("the server is silent");
      if (LeftMs(deadline) == 0) return std::optional<StoredMessage>();
      continue;
    }
    if (status != NATS_OK) return impl.Break(LibraryText(status));
    impl.silent_since = Steady::now();
    const char* reply = natsMsg_GetReply(raw);
    const auto place = ParsePlace(reply == nullptr ? "" : reply);
    if (place) return impl.Delivery(raw, *place);
    if (auto read = impl.Status(FromMsg(raw, 0)); !read) return impl.Break(read.error().text);
    if (LeftMs(deadline) == 0) return std::optional<StoredMessage>();
  }
}

}  // namespace lyceum::wire
