// Reader: checks fields while a message becomes meaning. Private to this library.
//
// The first refusal is kept, all later ones are dropped, and reading goes on: so a conversion is
// written without a branch for each field, and its caller asks once, with Finish.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/token.h"
#include "envelope/words.h"

namespace lyceum::envelope {

// The rules for an id that comes from outside: 1 to 128 bytes without control characters.
inline constexpr size_t kIdBytesMax = 128;
bool HasControlCharacters(std::string_view text);

class Reader {
 public:
  // While it lives, fields are named inside this one.
  class Inside {
   public:
    Inside(Reader& reader, std::string_view field) : reader_(reader), size_(reader.path_.size()) {
      reader.path_.append(field).append(1, '.');
    }
    ~Inside() { reader_.path_.resize(size_); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Reader& reader_;
    const size_t size_;
  };

  void Refuse(std::string_view field, std::string_view why) {
    if (!error_) error_ = Reject(path_ + std::string(field) + ": " + std::string(why));
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
  std::string path_;
  std::optional<Error> error_;
};

// Out of the years 1 to 9999: the nearest time that has a name.
void WriteTime(int64_t unix_ms, google::protobuf::Timestamp* time);

}  // namespace lyceum::envelope
