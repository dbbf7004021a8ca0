// Owners of the handles of nats.h. Private to this library: nats.h goes no further.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/connection.h"

namespace lyceum::wire {

template <auto kDestroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};

using OptionsHandle = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using ConnectionHandle = std::unique_ptr<natsConnection, Destroy<natsConnection_Destroy>>;
using SubscriptionHandle = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
// The library hands each message that is destroyed to a thread of its own, and wakes it: so some
// are kept until they are worth it, per thread.
void Discard(natsMsg* msg);
using MsgHandle = std::unique_ptr<natsMsg, Destroy<Discard>>;
using StatisticsHandle = std::unique_ptr<natsStatistics, Destroy<natsStatistics_Destroy>>;
using JetStreamHandle = std::unique_ptr<jsCtx, Destroy<jsCtx_Destroy>>;
using StreamInfoHandle = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo_Destroy>>;
using ConsumerInfoHandle = std::unique_ptr<jsConsumerInfo, Destroy<jsConsumerInfo_Destroy>>;

// What the library says of its last failure in this thread, never empty.
std::string LibraryText(natsStatus status);

// kFatal where the connection was closed for good, kRetry for all that the other side may recover
// from.
Error FromStatus(natsStatus status, const std::string& what);

Headers HeadersOf(natsMsg* msg);
std::string DataOf(natsMsg* msg);
Message FromMsg(natsMsg* msg, int tag);
// The message must have passed CheckMessage.
Result<MsgHandle> ToMsg(const Message& message);

// Subject, reply, header names and values: nothing that could end a protocol line.
Result<void> CheckMessage(const Message& message, size_t payload_bytes_max);
std::string_view FindHeader(const Headers& headers, std::string_view name);

}  // namespace lyceum::wire
