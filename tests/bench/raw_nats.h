// Raw nats.c for the programs that Lyceum is held against: who they are, owners, errors.
//
// A program speaks as its role: NATS_URL, NATS_USER, NATS_PASSWORD. Errors throw.
#pragma once

#include <fmt/format.h>
#include <nats/nats.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace lyceum::bench {

inline void Check(natsStatus status, const char* what) {
  if (status != NATS_OK) {
    throw std::runtime_error(fmt::format("{}: {}", what, natsStatus_GetText(status)));
  }
}

struct Delete {
  void operator()(natsConnection* p) const { natsConnection_Destroy(p); }
  void operator()(natsOptions* p) const { natsOptions_Destroy(p); }
  void operator()(natsSubscription* p) const { natsSubscription_Destroy(p); }
  void operator()(natsMsg* p) const { natsMsg_Destroy(p); }
  void operator()(jsCtx* p) const { jsCtx_Destroy(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Delete>;

inline std::string Env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(fmt::format("{} is not set", name));
  return value;
}

// `buffered`: the library's own buffer, which is faster with much in flight, slower with little.
inline Owned<natsConnection> ConnectRaw(bool buffered) {
  natsOptions* options = nullptr;
  Check(natsOptions_Create(&options), "options");
  const Owned<natsOptions> owned(options);
  const std::string user = Env("NATS_USER");
  natsOptions_SetURL(options, Env("NATS_URL").c_str());
  natsOptions_SetUserInfo(options, user.c_str(), Env("NATS_PASSWORD").c_str());
  natsOptions_SetCustomInboxPrefix(options, ("_INBOX." + user).c_str());
  natsOptions_SetSendAsap(options, !buffered);
  natsOptions_SetMaxPendingMsgs(options, 1 << 20);
  natsConnection* connection = nullptr;
  Check(natsConnection_Connect(&connection, options), "connect");
  return Owned<natsConnection>(connection);
}

inline Owned<jsCtx> JetStreamOf(natsConnection* connection) {
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 1 << 20;
  jsCtx* js = nullptr;
  Check(natsConnection_JetStream(&js, connection, &options), "JetStream");
  return Owned<jsCtx>(js);
}

inline void PublishRaw(natsConnection* connection, const std::string& subject,
                       const std::string& data) {
  Check(natsConnection_Publish(connection, subject.c_str(), data.data(),
                               static_cast<int>(data.size())),
        "publish");
}

// In flight, not awaited.
inline void PublishStoredRaw(jsCtx* js, const std::string& subject, const std::string& data,
                             const std::string& id) {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  Check(js_PublishAsync(js, subject.c_str(), data.data(), static_cast<int>(data.size()), &options),
        "publish to JetStream");
}

}  // namespace lyceum::bench
