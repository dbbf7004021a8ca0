// Private to this library: JetStream's API as it lies on the wire: requests to $JS.API.>, answers
// in JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "wire/log_reader.h"
#include "wire/wire.h"

namespace lyceum::wire {

inline constexpr int kNoMessageFound = 10037;
inline constexpr int kStreamNotFound = 10059;

// An answer that could be read. `code` is JetStream's err_code, 0 where it did what was asked.
struct ApiAnswer {
  nlohmann::json json;
  int code = 0;
};

// Asks, and calls `done` once: kRetry where nobody answered or the answer is none of JetStream's.
// `what` begins the text of an error: "reading stream X failed".
void AskApi(Wire& wire, const std::string& subject, std::string_view request, std::string what,
            std::chrono::milliseconds timeout, std::function<void(Result<ApiAnswer>)> done);

// kRetry: what JetStream said, with its code.
Error ApiError(const ApiAnswer& answer, const std::string& what);

// Members that are not there, or of another type, are the default.
uint64_t NumberOf(const nlohmann::json& object, const char* name);
std::string TextOf(const nlohmann::json& object, const char* name);

// STREAM.MSG.GET.<stream>. Empty: there is no such message. `headers` is the block as the protocol
// carries it.
struct ApiMessage {
  OwnedRecord record;
  std::string headers;
};
void GetApiMessage(Wire& wire, const std::string& stream, std::string_view request,
                   std::chrono::milliseconds timeout,
                   std::function<void(Result<std::optional<ApiMessage>>)> done);

// The value of a header in such a block, or empty.
std::string_view HeaderOf(std::string_view block, std::string_view name);
// With padding (RFC 4648, section 4).
std::optional<std::string> DecodeBase64(std::string text);
// "2026-01-31T08:15:00.123456789Z", or with an offset, as Unix ns.
std::optional<int64_t> ParseTimeNs(std::string_view text);

}  // namespace lyceum::wire
