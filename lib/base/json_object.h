// JsonObject: a JSON object that is only written: member after member, without a tree in between.
//
//   JsonObject line;
//   line.Add("event", "started").Add("slots", 32);
//   line.End();  // {"event":"started","slots":32}
// Bytes that are not UTF-8 become U+FFFD. Names are given as they are written: no escapes.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lyceum {

class JsonObject {
 public:
  JsonObject& Add(std::string_view name, std::string_view text);
  JsonObject& Add(std::string_view name, const char* text) {
    return Add(name, std::string_view(text));
  }
  JsonObject& Add(std::string_view name, bool value);
  JsonObject& Add(std::string_view name, double value);  // null, where it is not a number.
  template <std::integral T>
  JsonObject& Add(std::string_view name, T value) {
    return AddInteger(name, static_cast<int64_t>(value));
  }
  JsonObject& AddJson(std::string_view name, std::string_view json);  // A value as it is written.

  // All of it. Nothing can be added after it.
  std::string End();

 private:
  JsonObject& AddInteger(std::string_view name, int64_t value);
  void Name(std::string_view name);

  std::string text_;
};

}  // namespace lyceum
