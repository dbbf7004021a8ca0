#include "wire/connection.h"

#include <map>

#include "wire/connection_impl.h"

namespace lyceum::wire {
namespace {

constexpr int kReconnectWaitMs = 50;
constexpr int kReconnectJitterMs = 50;
constexpr int kPingIntervalMs = 3000;
constexpr int kPingsOutMax = 2;
constexpr int kWriteDeadlineMs = 5000;
constexpr int kPendingMessagesMax = 1 << 20;  // 1 << 22 overflows inside the library.

// The library may call back after a connection was destroyed, so its callbacks hold a number and
// not a pointer: a number that nobody answers to is ignored.
class AsyncStates {
 public:
  static AsyncStates& Instance() {
    static auto* const instance = new AsyncStates;  // Outlives every thread of the library.
    return *instance;
  }
  uint64_t Add(std::shared_ptr<AsyncState> state) {
    const std::lock_guard lock(mutex_);
    states_.emplace(++last_id_, std::move(state));
    return last_id_;
  }
  void Remove(uint64_t id) {
    const std::lock_guard lock(mutex_);
    states_.erase(id);
  }
  std::shared_ptr<AsyncState> Find(uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(id);
    return found == states_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::shared_ptr<AsyncState>> states_;
};

void OnAsyncError(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  const auto state = AsyncStates::Instance().Find(reinterpret_cast<uint64_t>(closure));
  if (state == nullptr) return;
  const char* text = nullptr;
  if (status == NATS_NOT_PERMITTED) natsConnection_GetLastError(connection, &text);
  {
    const std::lock_guard lock(state->mutex);
    state->last = text != nullptr && *text != '\0' ? text : natsStatus_GetText(status);
  }
  if (status == NATS_NOT_PERMITTED) ++state->violations;
  ++state->errors;
}

void OnClosed(natsConnection*, void*) {}  // The library's own handler writes to standard error.

std::vector<std::string> SplitUrls(const std::string& urls) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= urls.size()) {
    const size_t comma = std::min(urls.find(',', at), urls.size());
    std::string part = urls.substr(at, comma - at);
    std::erase(part, ' ');
    if (!part.empty()) parts.push_back(std::move(part));
    at = comma + 1;
  }
  return parts;
}

struct UrlParts {
  std::string user;
  std::string shown;  // Without user and password.
};

UrlParts PartsOf(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t at = url.rfind('@');
  if (at == std::string::npos || at < start) return {"", url};
  const size_t user_end = std::min(url.find(':', start), at);
  return {url.substr(start, user_end - start), url.substr(0, start) + url.substr(at + 1)};
}

std::string InboxPrefix(const ConnectOptions& options, const std::string& url_user) {
  if (!options.inbox_prefix.empty()) return options.inbox_prefix;
  const std::string& user = url_user.empty() ? options.user : url_user;
  const std::string prefix = "_INBOX." + user;
  return IsSubject(prefix) ? prefix : "_INBOX";
}

natsStatus SetBehaviour(natsOptions* raw, const ConnectOptions& options, uint64_t async_id) {
  void* closure = reinterpret_cast<void*>(async_id);
  natsStatus status = natsOptions_SetTimeout(raw, options.timeout.count());
  const auto then = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  then(natsOptions_SetMaxReconnect(raw, -1));
  then(natsOptions_SetReconnectWait(raw, kReconnectWaitMs));
  then(natsOptions_SetReconnectJitter(raw, kReconnectJitterMs, kReconnectJitterMs));
  then(natsOptions_SetReconnectBufSize(raw, 0));
  then(natsOptions_SetMaxPendingMsgs(raw, kPendingMessagesMax));
  then(natsOptions_SetPingInterval(raw, kPingIntervalMs));
  then(natsOptions_SetMaxPingsOut(raw, kPingsOutMax));
  then(natsOptions_SetWriteDeadline(raw, kWriteDeadlineMs));
  then(natsOptions_SetFailRequestsOnDisconnect(raw, true));
  then(natsOptions_SetSendAsap(raw, true));  // Else each waits for the library's thread: 1 ms.
  then(natsOptions_SetErrorHandler(raw, OnAsyncError, closure));
  then(natsOptions_SetClosedCB(raw, OnClosed, nullptr));
  return status;
}

natsStatus SetIdentity(natsOptions* raw, const ConnectOptions& options,
                       const std::vector<std::string>& urls, const std::string& inbox_prefix) {
  std::vector<const char*> servers;
  bool secure = false;
  for (const std::string& url : urls) {
    servers.push_back(url.c_str());
    secure = secure || url.starts_with("tls://");
  }
  natsStatus status = natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size()));
  const auto then = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  if (secure) then(natsOptions_SetSecure(raw, true));
  if (!options.name.empty()) then(natsOptions_SetName(raw, options.name.c_str()));
  if (!options.user.empty()) {
    then(natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str()));
  }
  if (!options.credentials_file.empty()) {
    then(natsOptions_SetUserCredentialsFromFiles(raw, options.credentials_file.c_str(), nullptr));
  }
  then(natsOptions_SetCustomInboxPrefix(raw, inbox_prefix.c_str()));
  return status;
}

Error ConnectError(natsStatus status, const std::string& server) {
  const std::string text = LibraryText(status);
  if (status == NATS_CONNECTION_AUTH_FAILED || text.find("uthorization") != std::string::npos) {
    return Reject("the NATS server at " + server + " refuses the user or the password");
  }
  if (status == NATS_NO_SERVER || status == NATS_TIMEOUT || status == NATS_IO_ERROR) {
    return Retry("no NATS server answers at " + server + " (" + text + ")");
  }
  return FromStatus(status, "connecting to NATS at " + server + " failed");
}

}  // namespace

std::string AsyncState::Last() {
  const std::lock_guard lock(mutex);
  return last;
}

Connection::Impl::~Impl() {
  jetstream.reset();
  connection.reset();
  AsyncStates::Instance().Remove(async_id);
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
  const std::vector<std::string> urls = SplitUrls(options.url);
  if (urls.empty()) return Reject("no NATS url given");
  auto impl = std::make_unique<Impl>();
  for (const std::string& url : urls) {
    impl->server += (impl->server.empty() ? "" : ",") + PartsOf(url).shown;
  }
  impl->inbox_prefix = InboxPrefix(options, PartsOf(urls.front()).user);
  if (!IsSubject(impl->inbox_prefix)) return Reject("the inbox prefix is not a subject");
  impl->async = std::make_shared<AsyncState>();
  impl->async_id = AsyncStates::Instance().Add(impl->async);

  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  const OptionsHandle owner(raw);
  if (status == NATS_OK) status = SetBehaviour(raw, options, impl->async_id);
  if (status == NATS_OK) status = SetIdentity(raw, options, urls, impl->inbox_prefix);
  if (status != NATS_OK) return Reject("bad NATS settings: " + LibraryText(status));

  natsConnection* connection = nullptr;
  status = natsConnection_Connect(&connection, raw);
  impl->connection.reset(connection);
  if (status != NATS_OK) return ConnectError(status, impl->server);
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

std::string Connection::NewInbox() const {
  constexpr std::string_view kLibraryPrefix = "_INBOX.";
  natsInbox* raw = nullptr;
  CHECK(natsInbox_Create(&raw) == NATS_OK);
  const std::unique_ptr<natsInbox, Destroy<natsInbox_Destroy>> inbox(raw);
  return impl_->inbox_prefix + "." + (raw + kLibraryPrefix.size());
}

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
