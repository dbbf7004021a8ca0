#include "wire/service.h"

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "base/time_text.h"

namespace lyceum::wire {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kSecondMs = 1'000;
constexpr ServiceVerb kVerbs[] = {ServiceVerb::kPing, ServiceVerb::kInfo, ServiceVerb::kStats};

const char* SubjectOf(ServiceVerb verb) {
  switch (verb) {
    case ServiceVerb::kPing:
      return "$SRV.PING";
    case ServiceVerb::kInfo:
      return "$SRV.INFO";
    case ServiceVerb::kStats:
      return "$SRV.STATS";
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

const char* TypeOf(ServiceVerb verb) {
  switch (verb) {
    case ServiceVerb::kPing:
      return "io.nats.micro.v1.ping_response";
    case ServiceVerb::kInfo:
      return "io.nats.micro.v1.info_response";
    case ServiceVerb::kStats:
      return "io.nats.micro.v1.stats_response";
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

Json ToObject(const ServiceEndpoint& endpoint) {
  return {{"name", endpoint.name},
          {"subject", endpoint.subject},
          {"queue_group", endpoint.queue_group}};
}

Json InfoOf(const ServiceEndpoint& endpoint) {
  Json object = ToObject(endpoint);
  object["metadata"] = Json::object();
  return object;
}

Json StatsOf(const ServiceEndpoint& endpoint, const EndpointFigures& figures) {
  Json object = ToObject(endpoint);
  const auto requests = static_cast<int64_t>(figures.requests);
  object["num_requests"] = figures.requests;
  object["num_errors"] = figures.errors;
  object["last_error"] = "";  // What went wrong is in the log, without learners' words.
  object["processing_time"] = figures.processing_ns;
  object["average_processing_time"] = requests == 0 ? 0 : figures.processing_ns / requests;
  return object;
}

}  // namespace

std::string EncodeService(const Service& service, ServiceVerb verb,
                          const std::vector<EndpointFigures>& figures) {
  Json metadata = Json::object();
  for (const auto& [name, value] : service.metadata) metadata[name] = value;
  Json answer{{"type", TypeOf(verb)},
              {"name", service.name},
              {"id", service.id},
              {"version", service.version},
              {"metadata", std::move(metadata)}};
  if (verb == ServiceVerb::kPing) return answer.dump();
  if (verb == ServiceVerb::kInfo) answer["description"] = service.description;
  if (verb == ServiceVerb::kStats) answer["started"] = TimeText(service.started_ms);
  CHECK(verb != ServiceVerb::kStats || figures.size() == service.endpoints.size());
  Json endpoints = Json::array();
  for (size_t i = 0; i < service.endpoints.size(); ++i) {
    const ServiceEndpoint& endpoint = service.endpoints[i];
    endpoints.push_back(verb == ServiceVerb::kInfo ? InfoOf(endpoint)
                                                   : StatsOf(endpoint, figures[i]));
  }
  answer["endpoints"] = std::move(endpoints);
  return answer.dump();
}

ServiceResponder::ServiceResponder(Wire* wire, const Clock* clock, Service service, Figures figures)
    : wire_(wire), clock_(clock), service_(std::move(service)), figures_(std::move(figures)) {}

ServiceResponder::~ServiceResponder() {
  for (const Wire::SubscriptionId id : subscriptions_) wire_->Unsubscribe(id);
}

void ServiceResponder::Tick() {
  if (!wire_->connected() || wire_->connection_number() == connection_) return;
  subscriptions_.clear();  // They went with their connection.
  for (const ServiceVerb verb : kVerbs) {
    const std::string all = SubjectOf(verb);
    const std::string of_name = all + "." + service_.name;
    for (const std::string& subject : {all, of_name, of_name + "." + service_.id}) {
      const auto subscribed = wire_->Subscribe(
          subject, "", [this, verb](const Arrived& question) { Answer(verb, question); });
      if (!subscribed) {
        LogWarn("not found as a service", {{"text", subscribed.error().text}});
        if (subscribed.error().fault == Fault::kRetry) return;  // The next connection is told of.
        continue;
      }
      subscriptions_.push_back(*subscribed);
    }
  }
  connection_ = wire_->connection_number();
}

bool ServiceResponder::MayAnswer() {
  const int64_t now = clock_->SteadyMs();
  if (now - second_began_ms_ >= kSecondMs) {
    second_began_ms_ = now;
    answers_ = 0;
  }
  return answers_++ < kAnswersMax;
}

void ServiceResponder::Answer(ServiceVerb verb, const Arrived& question) {
  if (question.reply.empty() || !MayAnswer()) return;
  const std::string answer = EncodeService(
      service_, verb, verb == ServiceVerb::kStats ? figures_() : std::vector<EndpointFigures>());
  // Who asked is not there, or may not be answered: it asks again.
  (void)wire_->Publish({.subject = question.reply, .data = answer});
}

}  // namespace lyceum::wire
