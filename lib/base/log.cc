#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/clock.h"
#include "base/json_object.h"
#include "base/time_text.h"

namespace lyceum {
namespace {

struct Identity {
  std::string program = "lyceum";
  std::string worker;
};

Identity& Self() {
  static Identity identity;
  return identity;
}

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("lyceum",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

}  // namespace

void InitLog(std::string_view program, std::string_view worker, std::string_view level) {
  Self() = {std::string(program), std::string(worker)};
  spdlog::level::level_enum chosen = spdlog::level::info;
  if (level == "debug") chosen = spdlog::level::debug;
  if (level == "warn") chosen = spdlog::level::warn;
  if (level == "error") chosen = spdlog::level::err;
  if (level == "off") chosen = spdlog::level::off;
  Logger().set_level(chosen);
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  JsonObject line;
  line.Add("at", TimeText(UnixMs()));
  line.Add("level", NameOf(level));
  line.Add("program", Self().program);
  if (!Self().worker.empty()) line.Add("worker", Self().worker);
  line.Add("event", event);
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { line.Add(field.key, value); }, field.value);
  }
  Logger().log(ToSpdlog(level), line.End());
}

}  // namespace lyceum
