// The JetStream API of the in-memory twin: the fields and the error codes of nats-server 2.9.10.
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64url.h"
#include "wire/memory_broker.h"
#include "wire/memory_broker_impl.h"

namespace lyceum::wire {

using memory::Body;
using memory::BodyPtr;
using memory::Consumer;
using memory::Record;
using memory::Stream;
using nlohmann::json;

namespace {

constexpr int64_t kNsPerUs = 1000;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kThresholdNs = 5 * kNsPerSecond;  // Of a consumer that names none.
constexpr uint64_t kHeartbeatNsMin = 100'000'000;
constexpr size_t kNameSize = 8;
constexpr std::string_view kNameBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

// 2026-01-31T08:15:00.000123Z
std::string TimeOf(int64_t unix_ns) {
  using namespace std::chrono;
  const sys_time<nanoseconds> time{nanoseconds(unix_ns)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  char text[48];
  const int size = std::snprintf(
      text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string result(text, static_cast<size_t>(size));
  const int64_t rest = (time - floor<seconds>(time)).count();
  if (rest > 0) {
    std::string digits = std::to_string(kNsPerSecond + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    result += "." + digits;
  }
  return result + "Z";
}

// As above, in UTC alone. Empty: it is not such a time.
std::optional<int64_t> ParseTime(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6) {
    return std::nullopt;
  }
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                            std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(static_cast<size_t>(used));
  int64_t fraction_ns = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    int64_t unit = kNsPerSecond;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      unit /= 10;
      fraction_ns += unit * (rest.front() - '0');
      rest.remove_prefix(1);
    }
  }
  if (rest != "Z") return std::nullopt;
  const auto whole = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return nanoseconds(whole.time_since_epoch()).count() + fraction_ns;
}

std::string Base64(std::string_view bytes) {
  std::string text = EncodeBase64Url(bytes);
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

struct ApiError {
  int code;
  int err_code;
  std::string description;
};
const ApiError kBadRequest{400, 10003, "bad request"};
const ApiError kBadJson{400, 10025, "invalid JSON"};
const ApiError kNoStream{404, 10059, "stream not found"};
const ApiError kNoMessage{404, 10037, "no message found"};
const ApiError kNoConsumer{404, 10014, "consumer not found"};
// The server would change the consumer where only small things differ; the twin never does.
const ApiError kConsumerExists{500, 10012, "a consumer of that name is there and is not changed"};
const ApiError kSmallHeartbeat{400, 10083, "consumer idle heartbeat needs to be >= 100ms"};

json Typed(std::string_view kind) {
  return {{"type", "io.nats.jetstream.api.v1." + std::string(kind) + "_response"}};
}

json Failed(std::string_view kind, const ApiError& error) {
  json answer = Typed(kind);
  answer["error"] = {
      {"code", error.code}, {"err_code", error.err_code}, {"description", error.description}};
  return answer;
}

json ConfigOf(const MemoryStream& config) {
  const bool bucket = config.name.starts_with("KV_");
  return {{"name", config.name},
          {"subjects", config.subjects},
          {"retention", "limits"},
          {"max_consumers", -1},
          {"max_msgs", -1},
          {"max_bytes", config.bytes_max},
          {"max_age", 0},
          {"max_msgs_per_subject", config.messages_per_subject_max},
          {"max_msg_size", config.message_bytes_max},
          {"discard", config.discard_old ? "old" : "new"},
          {"storage", "file"},
          {"num_replicas", 1},
          {"duplicate_window", config.duplicates_ms * 1'000'000},
          {"allow_direct", false},
          {"mirror_direct", false},
          {"sealed", false},
          {"deny_delete", bucket},
          {"deny_purge", false},
          {"allow_rollup_hdrs", bucket}};
}

json Info(const Stream& stream, const json& request) {
  json state = {{"messages", stream.count},
                {"bytes", stream.bytes},
                {"first_seq", stream.last == 0 ? 0 : stream.first},
                {"first_ts", kNoTime},
                {"last_seq", stream.last},
                {"last_ts", kNoTime},
                {"consumer_count", stream.consumers.size()}};
  if (stream.count > 0) {
    state["first_ts"] = TimeOf(stream.records.front().time_ns);
    state["last_ts"] = TimeOf(stream.records.back().time_ns);
    state["num_subjects"] = stream.subjects.size();
  }
  json answer = Typed("stream_info");
  answer["total"] = 0;
  answer["offset"] = 0;
  answer["limit"] = 0;
  if (const auto filter = request.find("subjects_filter");
      filter != request.end() && filter->is_string() && !filter->get<std::string>().empty()) {
    json subjects = json::object();
    for (const auto& [subject, of] : stream.subjects) {
      if (memory::Wants(filter->get<std::string>(), subject)) subjects[subject] = of.count;
    }
    answer["total"] = subjects.size();
    answer["limit"] = 100'000;
    if (!subjects.empty()) state["subjects"] = std::move(subjects);
  }
  answer["config"] = ConfigOf(stream.config);
  answer["created"] = TimeOf(stream.created_ns);
  answer["state"] = std::move(state);
  return answer;
}

uint64_t NumberOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool FlagOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

json Message(const Stream& stream, const json& request) {
  uint64_t sequence = NumberOf(request, "seq");
  const std::string last = TextOf(request, "last_by_subj");
  const std::string next = TextOf(request, "next_by_subj");
  if ((sequence == 0 && last.empty()) || (!last.empty() && (sequence != 0 || !next.empty()))) {
    return Failed("stream_msg_get", kBadRequest);
  }
  if (const auto found = stream.subjects.find(last); found != stream.subjects.end()) {
    sequence = found->second.last;
  } else if (!last.empty()) {
    for (const auto& [subject, of] : stream.subjects) {
      if (memory::Wants(last, subject)) sequence = std::max(sequence, of.last);
    }
  } else if (!next.empty()) {
    sequence = std::max(sequence, stream.first);
    while (sequence <= stream.last) {
      const Record* record = stream.Find(sequence);
      if (record != nullptr && memory::Wants(next, record->body->subject())) break;
      ++sequence;
    }
  }
  const Record* record = stream.Find(sequence);
  if (record == nullptr) return Failed("stream_msg_get", kNoMessage);
  const Body& body = *record->body;
  json message = {{"subject", body.subject()}, {"seq", sequence}};
  if (body.header_bytes() > 0) message["hdrs"] = Base64(body.HeaderBlock());
  if (!body.data().empty()) message["data"] = Base64(body.data());
  message["time"] = TimeOf(record->time_ns);
  json answer = Typed("stream_msg_get");
  answer["message"] = std::move(message);
  return answer;
}

std::optional<ApiError> PolicyError(const json& config) {
  const std::string policy =
      config.contains("deliver_policy") ? TextOf(config, "deliver_policy") : "all";
  const bool sequence = NumberOf(config, "opt_start_seq") != 0;
  const bool time = config.contains("opt_start_time");
  const auto bad = [](std::string_view what) {
    return ApiError{400, 10094, "consumer delivery policy is deliver " + std::string(what)};
  };
  if (policy == "all" || policy == "new") {
    if (sequence) return bad(policy + ", but optional start sequence is also set");
    if (time) return bad(policy + ", but optional start time is also set");
    return std::nullopt;
  }
  if (policy == "by_start_sequence") {
    if (!sequence) return bad("by start sequence, but optional start sequence is not set");
    if (time) return bad("by start sequence, but optional start time is also set");
    return std::nullopt;
  }
  if (policy == "by_start_time") {
    if (!time) return bad("by start time, but optional start time is not set");
    if (sequence) return bad("by start time, but optional start sequence is also set");
    if (!ParseTime(TextOf(config, "opt_start_time"))) return kBadJson;
    return std::nullopt;
  }
  return kBadRequest;
}

// The first sequence to deliver. Beyond the end it is the end: what is asked for is not waited for.
uint64_t StartOf(const Stream& stream, const json& config) {
  const std::string policy = TextOf(config, "deliver_policy");
  if (policy == "new") return stream.last + 1;
  if (policy == "by_start_sequence") {
    return std::clamp(NumberOf(config, "opt_start_seq"), stream.first, stream.last + 1);
  }
  if (policy == "by_start_time") {
    const int64_t time_ns = *ParseTime(TextOf(config, "opt_start_time"));
    for (uint64_t sequence = stream.first; sequence <= stream.last; ++sequence) {
      const Record* record = stream.Find(sequence);
      if (record != nullptr && record->time_ns >= time_ns) return sequence;
    }
    return stream.last + 1;
  }
  return stream.first;
}

std::optional<ApiError> ConsumerError(const Stream& stream, const json& request) {
  if (!request.contains("config") || !request["config"].is_object()) return kBadRequest;
  const json& config = request["config"];
  if (TextOf(request, "stream_name") != stream.config.name) {
    return ApiError{400, 10056, "stream name in subject does not match request"};
  }
  // The twin has push consumers without acks, and no durable ones.
  if (TextOf(config, "deliver_subject").empty() || TextOf(config, "ack_policy") != "none" ||
      config.contains("durable_name")) {
    return kBadRequest;
  }
  if (FlagOf(config, "flow_control") && NumberOf(config, "idle_heartbeat") == 0) {
    return ApiError{400, 10108, "consumer with flow control also needs heartbeats"};
  }
  if (const uint64_t ns = NumberOf(config, "idle_heartbeat"); ns > 0 && ns < kHeartbeatNsMin) {
    return kSmallHeartbeat;
  }
  if (const std::string filter = TextOf(config, "filter_subject"); !filter.empty()) {
    bool subset = false;
    for (const std::string& subject : stream.config.subjects) {
      subset = subset || memory::Wants(subject, filter);
    }
    if (!subset) {
      return ApiError{400, 10093,
                      "consumer filter subject is not a valid subset of the interest subjects"};
    }
  }
  return PolicyError(config);
}

json ConsumerInfo(const Consumer& consumer, const json& config, int64_t now_ns) {
  json answer = Typed("consumer_create");
  answer["stream_name"] = consumer.stream->config.name;
  answer["name"] = consumer.name;
  answer["created"] = TimeOf(now_ns);
  answer["config"] = config;
  answer["delivered"] = {{"consumer_seq", 0}, {"stream_seq", consumer.next - 1}};
  answer["ack_floor"] = {{"consumer_seq", 0}, {"stream_seq", 0}};
  answer["num_ack_pending"] = 0;
  answer["num_redelivered"] = 0;
  answer["num_waiting"] = 0;
  answer["num_pending"] = consumer.pending;
  if (consumer.active) answer["push_bound"] = true;
  return answer;
}

json InfoAnswer(const Stream* stream, const json& request, bool empty) {
  if (stream == nullptr) return Failed("stream_info", kNoStream);
  if (!empty && !request.is_object()) return Failed("stream_info", kBadJson);
  return Info(*stream, request);
}

json MessageAnswer(const Stream* stream, const json& request, bool empty) {
  if (stream == nullptr) return Failed("stream_msg_get", kNoStream);
  if (empty) return Failed("stream_msg_get", kBadRequest);
  if (!request.is_object()) return Failed("stream_msg_get", kBadJson);
  return Message(*stream, request);
}

std::shared_ptr<Consumer> ConsumerOf(Stream& stream, const json& config, std::string name) {
  auto consumer = std::make_shared<Consumer>();
  consumer->stream = &stream;
  consumer->name = std::move(name);
  consumer->deliver_subject = TextOf(config, "deliver_subject");
  consumer->filter = TextOf(config, "filter_subject");
  consumer->next = StartOf(stream, config);
  consumer->heartbeat_us = static_cast<int64_t>(NumberOf(config, "idle_heartbeat")) / kNsPerUs;
  const auto threshold_ns = static_cast<int64_t>(NumberOf(config, "inactive_threshold"));
  consumer->threshold_us = (threshold_ns == 0 ? kThresholdNs : threshold_ns) / kNsPerUs;
  consumer->flow = FlagOf(config, "flow_control");
  return consumer;
}

}  // namespace

json MemoryBroker::Impl::CreateConsumer(Stream* stream, std::string_view name,
                                        const json& request) {
  const auto failed = [](const ApiError& error) { return Failed("consumer_create", error); };
  if (!request.is_object()) return failed(kBadJson);
  if (stream == nullptr) return failed(kNoStream);
  if (const auto error = ConsumerError(*stream, request)) return failed(*error);
  std::string chosen(name);
  while (chosen.size() < kNameSize && name.empty()) {
    chosen.push_back(kNameBytes[Below(kNameBytes.size())]);
  }
  if (stream->consumers.contains(chosen)) return failed(kConsumerExists);
  const json& config = request["config"];
  const Consumer* added = AddConsumer(ConsumerOf(*stream, config, std::move(chosen)));
  return ConsumerInfo(*added, config, ServerNs());
}

json MemoryBroker::Impl::DeleteConsumer(Stream* stream, std::string_view name) {
  if (stream == nullptr) return Failed("consumer_delete", kNoStream);
  const auto found = stream->consumers.find(std::string(name));
  if (found == stream->consumers.end()) return Failed("consumer_delete", kNoConsumer);
  RemoveConsumer(*found->second);
  json answer = Typed("consumer_delete");
  answer["success"] = true;
  return answer;
}

void MemoryBroker::Impl::OnApi(const BodyPtr& body) {
  std::string_view subject = body->subject();
  const json request = json::parse(body->data(), nullptr, false);
  const bool empty = body->data().empty();
  // <call>.<stream>[.<consumer>[.<filter>]]
  Stream* stream = nullptr;
  std::string_view consumer;
  const auto is = [&](std::string_view call) {
    if (!subject.starts_with(call)) return false;
    bool last = false;
    const auto found =
        streams.find(memory::FirstToken(subject.substr(call.size()), &consumer, &last));
    if (found != streams.end()) stream = found->second.get();
    consumer = memory::FirstToken(consumer, &subject, &last);
    return true;
  };
  json answer;
  if (is("$JS.API.STREAM.INFO.")) {
    answer = InfoAnswer(stream, request, empty);
  } else if (is("$JS.API.STREAM.MSG.GET.")) {
    answer = MessageAnswer(stream, request, empty);
  } else if (is("$JS.API.CONSUMER.CREATE.")) {
    answer = CreateConsumer(stream, consumer, request);
  } else if (is("$JS.API.CONSUMER.DELETE.")) {
    answer = DeleteConsumer(stream, consumer);
  } else {
    return;  // Nobody answers there.
  }
  Reply(body->reply(), answer.dump(-1, ' ', false, json::error_handler_t::replace),
        now_us() + Sample(options.jetstream));
}

}  // namespace lyceum::wire
