// A program as one of NATS' services (ADR-32 of nats-io), so that `nats service` and other tools find it.
//
//   $SRV.PING, $SRV.INFO, $SRV.STATS, each also with .<name>, or .<name>.<id>, behind it
//     -> JSON of type io.nats.micro.v1.ping_response, info_response or stats_response
//
// What its endpoints do is not this file's: it only tells of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/wire.h"

namespace lyceum::wire {

struct ServiceEndpoint {
  std::string name;  // [a-zA-Z0-9_-]+
  std::string subject;
  std::string queue_group;  // Empty: none.
};
// Since the start of the program.
struct EndpointFigures {
  uint64_t requests = 0;
  uint64_t errors = 0;
  int64_t processing_ns = 0;  // Of all requests together.
};
struct Service {
  std::string name;  // Of the kind of program: [a-zA-Z0-9_-]+
  std::string id;    // Of this one: a subject token.
  std::string version;
  std::string description;
  std::vector<std::pair<std::string, std::string>> metadata;  // UTF-8, as all texts here.
  std::vector<ServiceEndpoint> endpoints;
  int64_t started_ms = 0;  // Unix ms.
};

enum class ServiceVerb { kPing, kInfo, kStats };
// The answer. `figures`, of stats alone: one for each endpoint.
std::string EncodeService(const Service& service, ServiceVerb verb,
                          const std::vector<EndpointFigures>& figures);

// Answers on one wire, from its thread; nothing waits. At most kAnswersMax in a second: who asks more often than that
// is not answered, and takes nothing from what the program is there for.
class ServiceResponder {
 public:
  static constexpr int kAnswersMax = 50;

  using Figures = std::function<std::vector<EndpointFigures>()>;
  // `wire` and `clock` outlive it.
  ServiceResponder(Wire* wire, const Clock* clock, Service service, Figures figures);
  ~ServiceResponder();
  ServiceResponder(const ServiceResponder&) = delete;
  ServiceResponder& operator=(const ServiceResponder&) = delete;

  // Now and then: subscribes on a connection that is new.
  void Tick();

 private:
  void Answer(ServiceVerb verb, const Arrived& question);
  bool MayAnswer();

  Wire* const wire_;
  const Clock* const clock_;
  const Service service_;
  const Figures figures_;
  uint64_t connection_ = 0;  // The one that it is subscribed on.
  std::vector<Wire::SubscriptionId> subscriptions_;
  int64_t second_began_ms_ = INT64_MIN / 2;
  int answers_ = 0;  // In this second.
};

}  // namespace lyceum::wire
