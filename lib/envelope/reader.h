// Reader: checks fields while a message becomes meaning. Private to this library.
//
// The first refusal is kept, all later ones are dropped, and reading goes on: so a conversion is
// written without a branch for each field, and its caller asks once, with Finish.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/token.h"
#include "envelope/limits.h"
#include "envelope/words.h"

namespace lyceum::envelope {

// The rules for an id that comes from outside: 1 to 128 bytes without control characters.
bool HasControlCharacters(std::string_view text);

class Reader {
 public:
  // While it lives, fields are named inside this one. The names are only put together where
  // something is refused; they outlive it.
  class Inside {
   public:
    Inside(Reader& reader, std::string_view field) : Inside(reader, field, kNoIndex) {}
    // Inside field[index].
    Inside(Reader& reader, std::string_view field, size_t index);
    template <std::same_as<std::string> Temporary>
    Inside(Reader& reader, Temporary&& field) = delete;
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    friend class Reader;
    static constexpr size_t kNoIndex = SIZE_MAX;

    Reader& reader_;
    const Inside* const outer_;
    const std::string_view field_;
    const size_t index_;
  };

  void Refuse(std::string_view field, std::string_view why) {
    if (!error_) error_ = Reject(PathOf(innermost_) + std::string(field) + ": " + std::string(why));
  }
  bool refused() const { return error_.has_value(); }
  template <class T>
  Result<T> Finish(T value) {
    if (error_) return *error_;
    return value;
  }

  template <class Enum>
  Enum Word(std::string_view field, std::string_view word) {
    const auto value = tutor::Parse<Enum>(word);
    if (!value) Refuse(field, "must be one of " + AllowedWords<Enum>());
    return value.value_or(Enum{});
  }
  const std::string& Text(std::string_view field, const std::string& text, size_t bytes_max) {
    if (text.size() > bytes_max) {
      Refuse(field, "must be at most " + std::to_string(bytes_max) + " bytes");
    }
    return text;
  }
  // The same, moved out of the message.
  std::string MovedText(std::string_view field, std::string* text, size_t bytes_max) {
    Text(field, *text, bytes_max);
    return std::move(*text);
  }
  const std::string& NotEmpty(std::string_view field, const std::string& text, size_t bytes_max) {
    if (text.empty()) Refuse(field, "must not be empty");
    return Text(field, text, bytes_max);
  }
  // 1 to kIdBytesMax bytes without control characters.
  const std::string& IdText(std::string_view field, const std::string& text);
  // The same, or empty.
  const std::string& IdOrEmpty(std::string_view field, const std::string& text) {
    return text.empty() ? text : IdText(field, text);
  }
  const std::string& TokenText(std::string_view field, const std::string& text);
  // Finite, 0 to 1.
  double Share(std::string_view field, double value);
  // Unix ms; 0 where the field is not set.
  int64_t TimeMs(std::string_view field, bool is_set, const google::protobuf::Timestamp& time);

 private:
  static std::string PathOf(const Inside* inside);  // With a dot at its end, or empty.

  const Inside* innermost_ = nullptr;
  std::optional<Error> error_;
};

// Out of the years 1 to 9999: the nearest time that has a name.
void WriteTime(int64_t unix_ms, google::protobuf::Timestamp* time);

}  // namespace lyceum::envelope
