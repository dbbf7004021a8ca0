#include "wire/js_api.h"

#include <algorithm>
#include <charconv>

#include "base/base64url.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerMs = 1'000'000;

// `digits` decimal digits.
std::optional<int> Digits(std::string_view* text, size_t digits) {
  int value = 0;
  if (text->size() < digits) return std::nullopt;
  const char* end = text->data() + digits;
  if (std::from_chars(text->data(), end, value).ptr != end || value < 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Skip(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

// Behind the dot. More than nine digits are cut.
int64_t FractionNs(std::string_view* text) {
  int64_t ns = 0;
  int64_t unit = kNsPerSecond / 10;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    ns += (text->front() - '0') * unit;
    unit /= 10;
    text->remove_prefix(1);
  }
  return ns;
}

Result<ApiAnswer> ParseAnswer(const Answer& answer, const std::string& what) {
  ApiAnswer parsed;
  parsed.json = nlohmann::json::parse(answer.data, nullptr, false);
  if (!parsed.json.is_object()) return Retry(what + ": the answer is not one of JetStream");
  const auto error = parsed.json.find("error");
  if (error == parsed.json.end()) return parsed;
  constexpr int kUnknown = 1;
  if (error->is_object()) parsed.code = static_cast<int>(NumberOf(*error, "err_code"));
  if (parsed.code == 0) parsed.code = kUnknown;
  return parsed;
}

Result<std::optional<ApiMessage>> ParseMessage(const ApiAnswer& answer, const std::string& what) {
  if (answer.code == kNoMessageFound) return std::optional<ApiMessage>();
  if (answer.code != 0) return ApiError(answer, what);
  const auto message = answer.json.find("message");
  if (message == answer.json.end() || !message->is_object()) {
    return Retry(what + ": the answer holds no message");
  }
  ApiMessage result;
  const auto data = DecodeBase64(TextOf(*message, "data"));
  const auto headers = DecodeBase64(TextOf(*message, "hdrs"));
  const auto time_ns = ParseTimeNs(TextOf(*message, "time"));
  result.record.subject = TextOf(*message, "subject");
  result.record.sequence = NumberOf(*message, "seq");
  if (!data || !headers || !time_ns || result.record.sequence == 0) {
    return Retry(what + ": the message in the answer cannot be read");
  }
  result.record.data = *data;
  result.record.content_type = HeaderOf(*headers, "Content-Type");
  result.record.time_ms = *time_ns / kNsPerMs;
  result.headers = *headers;
  return std::optional<ApiMessage>(std::move(result));
}

}  // namespace

void AskApi(Wire& wire, const std::string& subject, std::string_view request, std::string what,
            std::chrono::milliseconds timeout, std::function<void(Result<ApiAnswer>)> done) {
  wire.Request({.subject = subject, .data = request}, timeout,
               [what = std::move(what), done = std::move(done)](const Result<Answer>& answer) {
                 if (!answer) {
                   // Also where nobody is subscribed: a server that starts answers before its
                   // JetStream does.
                   return done(Retry(what + ": " + answer.error().text));
                 }
                 done(ParseAnswer(*answer, what));
               });
}

Error ApiError(const ApiAnswer& answer, const std::string& what) {
  std::string text = "no description";
  const auto error = answer.json.find("error");
  if (error != answer.json.end() && error->is_object()) text = TextOf(*error, "description");
  return Retry(what + ": " + text + " (JetStream error " + std::to_string(answer.code) + ")");
}

uint64_t NumberOf(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void GetApiMessage(Wire& wire, const std::string& stream, std::string_view request,
                   std::chrono::milliseconds timeout,
                   std::function<void(Result<std::optional<ApiMessage>>)> done) {
  const std::string what = "reading a message of " + stream + " failed";
  AskApi(wire, "$JS.API.STREAM.MSG.GET." + stream, request, what, timeout,
         [what, done = std::move(done)](const Result<ApiAnswer>& answer) {
           if (!answer) return done(answer.error());
           done(ParseMessage(*answer, what));
         });
}

std::string_view HeaderOf(std::string_view block, std::string_view name) {
  constexpr std::string_view kLineEnd = "\r\n";
  while (!block.empty()) {
    const size_t end = std::min(block.find(kLineEnd), block.size());
    std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + kLineEnd.size(), block.size()));
    if (line.size() <= name.size() || line[name.size()] != ':' || !line.starts_with(name)) continue;
    line.remove_prefix(name.size() + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    return line;
  }
  return {};
}

std::optional<std::string> DecodeBase64(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return DecodeBase64Url(text);
}

std::optional<int64_t> ParseTimeNs(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = Digits(&text, 4);
  if (!year_number || !Skip(&text, '-')) return std::nullopt;
  const auto month_number = Digits(&text, 2);
  if (!month_number || !Skip(&text, '-')) return std::nullopt;
  const auto day_number = Digits(&text, 2);
  if (!day_number || !Skip(&text, 'T')) return std::nullopt;
  const auto hour = Digits(&text, 2);
  if (!hour || !Skip(&text, ':')) return std::nullopt;
  const auto minute = Digits(&text, 2);
  if (!minute || !Skip(&text, ':')) return std::nullopt;
  const auto second = Digits(&text, 2);
  if (!second) return std::nullopt;
  const int64_t fraction_ns = Skip(&text, '.') ? FractionNs(&text) : 0;
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  constexpr int kFirstYear = 1678;  // What 64 bits of ns reach.
  constexpr int kLastYear = 2261;
  if (!date.ok() || *year_number < kFirstYear || *year_number > kLastYear) return std::nullopt;
  int64_t offset_minutes = 0;
  if (text != "Z") {
    const bool behind = text.starts_with('-');
    if (!behind && !text.starts_with('+')) return std::nullopt;
    text.remove_prefix(1);
    const auto offset_hour = Digits(&text, 2);
    if (!offset_hour || !Skip(&text, ':')) return std::nullopt;
    const auto offset_minute = Digits(&text, 2);
    if (!offset_minute || !text.empty()) return std::nullopt;
    offset_minutes = (*offset_hour * 60 + *offset_minute) * (behind ? -1 : 1);
  }
  const int64_t seconds_of_day = ((*hour * 60) + *minute - offset_minutes) * 60 + *second;
  const int64_t days = sys_days(date).time_since_epoch().count();
  return (days * 86'400 + seconds_of_day) * kNsPerSecond + fraction_ns;
}

}  // namespace lyceum::wire
