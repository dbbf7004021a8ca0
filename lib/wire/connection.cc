#include "wire/connection.h"

#include "wire/connection_impl.h"

namespace lyceum::wire {
namespace {

constexpr int kReconnectWaitMs = 50;
constexpr int kReconnectJitterMs = 50;
constexpr int kPingIntervalMs = 3000;
constexpr int kPingsOutMax = 2;
constexpr int kWriteDeadlineMs = 5000;
constexpr int kPendingMessagesMax = 1 << 20;  // 1 << 22 overflows inside the library.

natsStatus SetBehaviour(natsOptions* raw) {
  Setting set;
  set(natsOptions_SetMaxReconnect(raw, -1));
  set(natsOptions_SetReconnectWait(raw, kReconnectWaitMs));
  set(natsOptions_SetReconnectJitter(raw, kReconnectJitterMs, kReconnectJitterMs));
  set(natsOptions_SetReconnectBufSize(raw, 0));
  set(natsOptions_SetMaxPendingMsgs(raw, kPendingMessagesMax));
  set(natsOptions_SetPingInterval(raw, kPingIntervalMs));
  set(natsOptions_SetMaxPingsOut(raw, kPingsOutMax));
  set(natsOptions_SetWriteDeadline(raw, kWriteDeadlineMs));
  set(natsOptions_SetFailRequestsOnDisconnect(raw, true));
  set(natsOptions_SetSendAsap(raw, true));  // Else each waits for the library's thread: 1 ms.
  return set.status();
}

}  // namespace

Connection::Impl::~Impl() {
  jetstream.reset();
  connection.reset();
  ById<AsyncState>::Instance().Remove(async_id);
}

natsStatus Connection::Impl::Flush(std::chrono::milliseconds timeout) {
  const Deadline deadline = In(timeout);
  const std::unique_lock lock(flushing, deadline);
  if (!lock) return NATS_TIMEOUT;
  // The library says OK also when the PING could not be written, but keeps the error as this
  // thread's last one. It never clears that, so a known one is put there before.
  const natsStatus mark = natsConnection_FlushTimeout(nullptr, 1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
  const natsStatus status =
      natsConnection_FlushTimeout(connection.get(), std::max<int64_t>(1, left.count()));
  natsStatus last = NATS_OK;
  nats_GetLastError(&last);
  return status == NATS_OK && last != mark ? last : status;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<std::shared_ptr<Connection>> Connection::Connect(const ConnectOptions& options) {
  auto target = ParseTarget(options);
  if (!target) return target.error();
  auto impl = std::make_unique<Impl>();
  impl->server = target->shown;
  impl->inbox_prefix = target->inbox_prefix;
  impl->async = std::make_shared<AsyncState>();
  impl->async_id = ById<AsyncState>::Instance().Add(impl->async);

  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  const OptionsHandle owner(raw);
  if (status == NATS_OK) status = SetBehaviour(raw);
  if (status == NATS_OK) status = SetCommon(raw, options, *target, impl->async_id);
  if (status != NATS_OK) return Reject("bad NATS settings: " + LibraryText(status));

  natsConnection* connection = nullptr;
  status = natsConnection_Connect(&connection, raw);
  impl->connection.reset(connection);
  if (status != NATS_OK) return ConnectError(status, *target);
  jsCtx* jetstream = nullptr;
  status = natsConnection_JetStream(&jetstream, connection, nullptr);
  impl->jetstream.reset(jetstream);
  if (status != NATS_OK) return FromStatus(status, "preparing JetStream failed");
  return std::make_shared<Connection>(std::move(impl));
}

// The library takes a lock to say its limit, and looks at it itself.
Result<void> Connection::Check(const Message& message) const {
  if (CheckMessage(message, impl_->payload_bytes_max)) return {};
  impl_->payload_bytes_max = payload_bytes_max();
  return CheckMessage(message, impl_->payload_bytes_max);
}

Result<void> Connection::Publish(const Message& message) {
  if (auto checked = Check(message); !checked) return checked.error();
  natsStatus status = NATS_OK;
  const auto bytes = static_cast<int>(message.data.size());
  if (!message.headers.empty()) {
    auto msg = ToMsg(message);
    if (!msg) return msg.error();
    status = natsConnection_PublishMsg(impl_->connection.get(), msg->get());
  } else if (!message.reply.empty()) {
    status = natsConnection_PublishRequest(impl_->connection.get(), message.subject.c_str(),
                                           message.reply.c_str(), message.data.data(), bytes);
  } else {
    status = natsConnection_Publish(impl_->connection.get(), message.subject.c_str(),
                                    message.data.data(), bytes);
  }
  if (status != NATS_OK) return FromStatus(status, "publishing to NATS failed");
  return {};
}

Result<void> Connection::Flush(std::chrono::milliseconds timeout) {
  const natsStatus status = impl_->Flush(timeout);
  if (status != NATS_OK) return FromStatus(status, "the NATS server did not confirm");
  return {};
}

Result<Message> Connection::Request(const Message& message, std::chrono::milliseconds timeout) {
  if (auto checked = Check(message); !checked) return checked.error();
  const uint64_t violations = impl_->async->violations;
  auto msg = ToMsg(message);
  if (!msg) return msg.error();
  natsMsg* raw = nullptr;
  const natsStatus status = natsConnection_RequestMsg(&raw, impl_->connection.get(), msg->get(),
                                                      std::max<int64_t>(1, timeout.count()));
  const MsgHandle reply(raw);
  if (status == NATS_OK) return FromMsg(raw, 0);
  if (status == NATS_NO_RESPONDERS) return Reject("nobody is subscribed to " + message.subject);
  if (impl_->async->violations != violations) {
    return Reject("the NATS server refused: " + impl_->async->Last());
  }
  return FromStatus(status, "no answer from " + message.subject);
}

std::string Connection::NewInbox() const { return MakeInbox(impl_->inbox_prefix); }

bool Connection::connected() const {
  return natsConnection_Status(impl_->connection.get()) == NATS_CONN_STATUS_CONNECTED;
}

uint64_t Connection::reconnects() const {
  natsStatistics* raw = nullptr;
  CHECK(natsStatistics_Create(&raw) == NATS_OK);
  const StatisticsHandle statistics(raw);
  uint64_t reconnects = 0;
  natsConnection_GetStats(impl_->connection.get(), raw);
  natsStatistics_GetCounts(raw, nullptr, nullptr, nullptr, nullptr, &reconnects);
  return reconnects;
}

size_t Connection::payload_bytes_max() const {
  const int64_t bytes = natsConnection_GetMaxPayload(impl_->connection.get());
  return bytes > 0 ? static_cast<size_t>(bytes) : size_t{1} << 20;
}

uint64_t Connection::async_errors() const { return impl_->async->errors; }
std::string Connection::last_async_error() const { return impl_->async->Last(); }

}  // namespace lyceum::wire
