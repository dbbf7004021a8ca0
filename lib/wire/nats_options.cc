#include "wire/nats_options.h"

#include <algorithm>

namespace lyceum::wire {
namespace {

void OnAsyncError(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  const auto state = ById<AsyncState>::Instance().Find(IdOf(closure));
  if (state == nullptr) return;
  const char* text = nullptr;
  if (status == NATS_NOT_PERMITTED) natsConnection_GetLastError(connection, &text);
  state->Set(text != nullptr && *text != '\0' ? text : natsStatus_GetText(status));
  if (status == NATS_NOT_PERMITTED) ++state->violations;
  ++state->errors;
}

void OnClosed(natsConnection*, void*) {}  // The library's own handler writes to standard error.

std::vector<std::string> SplitUrls(const std::string& urls) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= urls.size()) {
    const size_t comma = std::min(urls.find(',', begin), urls.size());
    std::string part = urls.substr(begin, comma - begin);
    std::erase(part, ' ');
    if (!part.empty()) parts.push_back(std::move(part));
    begin = comma + 1;
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

}  // namespace

void AsyncState::Set(std::string text) {
  const std::lock_guard lock(mutex);
  last = std::move(text);
}

std::string AsyncState::Last() {
  const std::lock_guard lock(mutex);
  return last;
}

Result<Target> ParseTarget(const ConnectOptions& options) {
  Target target;
  target.urls = SplitUrls(options.url);
  if (target.urls.empty()) return Reject("no NATS url given");
  for (const std::string& url : target.urls) {
    target.shown += (target.shown.empty() ? "" : ",") + PartsOf(url).shown;
    target.secure = target.secure || url.starts_with("tls://");
  }
  target.inbox_prefix = InboxPrefix(options, PartsOf(target.urls.front()).user);
  if (!IsSubject(target.inbox_prefix)) return Reject("the inbox prefix is not a subject");
  return target;
}

natsStatus SetCommon(natsOptions* raw, const ConnectOptions& options, const Target& target,
                     uint64_t async_id) {
  std::vector<const char*> servers;
  for (const std::string& url : target.urls) servers.push_back(url.c_str());
  Setting set;
  set(natsOptions_SetTimeout(raw, options.timeout.count()));
  set(natsOptions_SetErrorHandler(raw, OnAsyncError, Closure(async_id)));
  set(natsOptions_SetClosedCB(raw, OnClosed, nullptr));
  set(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  if (target.secure) set(natsOptions_SetSecure(raw, true));
  if (!options.name.empty()) set(natsOptions_SetName(raw, options.name.c_str()));
  if (!options.user.empty()) {
    set(natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str()));
  }
  if (!options.credentials_file.empty()) {
    set(natsOptions_SetUserCredentialsFromFiles(raw, options.credentials_file.c_str(), nullptr));
  }
  set(natsOptions_SetCustomInboxPrefix(raw, target.inbox_prefix.c_str()));
  return set.status();
}

Error ConnectError(natsStatus status, const std::string& shown) {
  const std::string text = LibraryText(status);
  if (status == NATS_CONNECTION_AUTH_FAILED || text.find("uthorization") != std::string::npos) {
    return Reject("the NATS server at " + shown + " refuses the user or the password");
  }
  if (status == NATS_NO_SERVER || status == NATS_TIMEOUT || status == NATS_IO_ERROR) {
    return Retry("no NATS server answers at " + shown + " (" + text + ")");
  }
  return FromStatus(status, "connecting to NATS at " + shown + " failed");
}

std::string MakeInbox(const std::string& prefix) {
  constexpr std::string_view kLibraryPrefix = "_INBOX.";
  natsInbox* raw = nullptr;
  CHECK(natsInbox_Create(&raw) == NATS_OK);
  const std::unique_ptr<natsInbox, Destroy<natsInbox_Destroy>> inbox(raw);
  return prefix + "." + (raw + kLibraryPrefix.size());
}

}  // namespace lyceum::wire
