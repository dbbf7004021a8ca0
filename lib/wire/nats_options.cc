#include "wire/nats_options.h"

#include <algorithm>
#include <fstream>

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

Result<void> CheckFiles(const ConnectOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Reject("a certificate for NATS needs its key, and a key its certificate");
  }
  for (const std::string* file : {&options.ca_file, &options.certificate_file, &options.key_file}) {
    if (!file->empty() && !std::ifstream(*file)) return Reject("can not read " + *file);
  }
  return {};
}

natsStatus SetTls(natsOptions* raw, const ConnectOptions& options, const Target& target) {
  if (!target.secure) return NATS_OK;
  Setting set;
  set(natsOptions_SetSecure(raw, true));
  if (!options.ca_file.empty()) {
    set(natsOptions_LoadCATrustedCertificates(raw, options.ca_file.c_str()));
  }
  if (!options.certificate_file.empty()) {
    set(natsOptions_LoadCertificatesChain(raw, options.certificate_file.c_str(),
                                          options.key_file.c_str()));
  }
  return set.status();
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
  if (Result<void> files = CheckFiles(options); !files) return files.error();
  target.secure = !options.ca_file.empty();
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
  set(SetTls(raw, options, target));
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

Error ConnectError(natsStatus status, const Target& target) {
  const std::string text = LibraryText(status);
  const std::string& shown = target.shown;
  if (status == NATS_SECURE_CONNECTION_WANTED) {
    return Reject("the NATS server at " + shown + " speaks no TLS: write nats:// and no authority");
  }
  if (status == NATS_SSL_ERROR && !target.secure) {
    return Reject("the NATS server at " + shown +
                  " wants TLS: write tls://, or name its authority");
  }
  if (status == NATS_SSL_ERROR) {
    return Reject("no TLS with the NATS server at " + shown + " (" + text + ")");
  }
  if (status == NATS_CONNECTION_AUTH_FAILED || text.find("uthorization") != std::string::npos) {
    return Reject("the NATS server at " + shown + " refuses the user or the password");
  }
  if (status == NATS_NO_SERVER || status == NATS_TIMEOUT || status == NATS_IO_ERROR) {
    return Retry("no NATS server answers at " + shown + " (" + text + ")");
  }
  // With TLS 1.3 a server that wants a certificate says so after the handshake, by hanging up.
  const bool hung_up = target.secure && text.find("'PONG'") != std::string::npos;
  return FromStatus(status,
                    "connecting to NATS at " + shown + " failed" +
                        (hung_up ? ", maybe for want of a certificate of ours: --nats-cert" : ""));
}

std::string MakeInbox(const std::string& prefix) {
  constexpr std::string_view kLibraryPrefix = "_INBOX.";
  natsInbox* raw = nullptr;
  CHECK(natsInbox_Create(&raw) == NATS_OK);
  const std::unique_ptr<natsInbox, Destroy<natsInbox_Destroy>> inbox(raw);
  return prefix + "." + (raw + kLibraryPrefix.size());
}

}  // namespace lyceum::wire
