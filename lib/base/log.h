// The log: one JSON object a line, on standard error. Never learner text, never a secret.
//
//   {"at":"2026-01-31T08:15:00.123Z","level":"info","program":"lyceum-session-worker","worker":"w1",
//    "event":"partition opened","partition":3,"applied":17}
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace lyceum {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  template <std::integral T>
  LogField(std::string_view k, T v) : key(k), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  std::string_view key;
  std::variant<int64_t, double, bool, std::string> value;
};

// Once, at the start of a program. `level`: debug info warn error off; anything else is info.
void InitLog(std::string_view program, std::string_view worker, std::string_view level);

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, event, fields);
}

}  // namespace lyceum
