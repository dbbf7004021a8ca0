// Result<T>: a value, or an Error that says what the shell does next.
//
// The names are those of std::expected, which this compiler's library does not have yet.
// Invariant: exactly one of value and error. Reading the one that is not there is a CHECK failure.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace lyceum {

// What to do about a failure.
enum class Fault {
  kRetry,   // The other side is away or slow: the same call may succeed later.
  kReject,  // The input is wrong: it will never succeed; tell whoever sent it.
  kFatal,   // State can not be trusted: stop, keep the data, call an operator.
};

struct Error {
  Fault fault = Fault::kReject;
  std::string text;  // One sentence that says what to do. Holds no secret and no learner text.
};

inline Error Retry(std::string text) { return {Fault::kRetry, std::move(text)}; }
inline Error Reject(std::string text) { return {Fault::kReject, std::move(text)}; }
inline Error Fatal(std::string text) { return {Fault::kFatal, std::move(text)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CHECK(!has_value());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    CHECK(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace lyceum
