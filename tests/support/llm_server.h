// LlmServer: a real HTTP(S) server on loopback that speaks the two wire formats of language models,
// well or badly, as told. Every request is recorded.
//
// What it answers is decided per request by a Script: a function from the recorded call to a Reply.
// One thread; hundreds of answers at once. Nothing here is random: a seeded mix is made by the
// script.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lyceum::test {

// A request as it came.
struct LlmCall {
  uint64_t number = 0;     // 1, 2, 3 ... in the order of arrival.
  bool anthropic = false;  // Else OpenAI; by the path.
  std::string method, path, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(const std::string& name) const;  // Case-insensitive; or empty.
  // Of the body, empty where it is not there or not JSON.
  std::string model, system, last_user_text;
  bool stream = false;
  bool wants_schema = false;    // By any of the ways to ask for one.
  bool closed_by_peer = false;  // The client went away before the answer was whole.
};

// How the answer goes wrong.
enum class Trouble {
  kNone,
  kStatus,      // `status`, with a JSON error body in the format's own shape; `retry_after` if set.
  kErrorEvent,  // 200 and then an error event (overloaded_error), before any text.
  kErrorEventLate,    // The same in the middle of the text.
  kNoFirstByte,       // Takes the request and is silent.
  kStall,             // Silent in the middle of the text.
  kDrip,              // One byte at a time, `gap` apart.
  kCutInEvent,        // Closes in the middle of an event.
  kCutInCharacter,    // Closes in the middle of a UTF-8 character.
  kCutBeforeEnd,      // Closes after the text, before the closing events.
  kHugeBody,          // Text without an end.
  kHugeEvent,         // One event without an end.
  kWrongContentType,  // text/html with a page, status 200.
  kInvalidJson,       // An event whose data is not JSON.
  kInvalidUtf8,
  kRefusal,            // stop_reason refusal / finish_reason content_filter.
  kMaxTokens,          // Cut by max_tokens.
  kEmptyChoices,       // Chunks with empty choices among the others (harmless), OpenAI.
  kOnlyEmptyChoices,   // No text at all.
  kNoFinishReason,     // [DONE] without finish_reason, or message_stop without stop_reason.
  kFinishWithContent,  // finish_reason in the last chunk of text, OpenAI.
  kNotStreamed,        // A plain JSON answer though a stream was asked for.
  kRedirect,           // 302 to somewhere else.
};

// A function that the answer calls.
struct LlmWish {
  std::string name;
  std::string arguments;  // JSON, or not.
};

// A piece of a body that is sent as it is.
struct LlmPiece {
  std::string bytes;
  std::chrono::milliseconds wait{0};  // Before it.
};

struct LlmReply {
  std::string text;
  Trouble trouble = Trouble::kNone;
  int status = 200;         // kStatus.
  std::string retry_after;  // The header's value: "1", a date ... Empty: none.
  std::string retry_after_ms;
  std::string should_retry;             // x-should-retry
  std::chrono::milliseconds before{0};  // Before the head.
  std::chrono::milliseconds gap{0};     // Between pieces of text.
  size_t piece_bytes = 16;              // Text per event; pieces are cut between characters.
  size_t write_bytes = 0;               // Bytes per write; 0: an event at once. 1 cuts everywhere.
  std::string line_end = "\n";          // "\r\n", "\r"
  bool comments = false;                // Comment lines and pings between events.
  bool gzip = false;
  // Status 200 with these pieces in place of all that the format would have; then the end that
  // follows them. Empty: as the format has it.
  std::vector<LlmPiece> raw;
  enum class RawEnd { kWhole, kCut, kSilent };
  RawEnd raw_end = RawEnd::kWhole;
  std::string content_type = "text/event-stream";  // Of `raw`.
  std::string error_message;                       // kStatus: what the body says. Empty: little.
  bool cut_in_order = false;  // kCut...: the body ends in order; only the format tells.
  std::string location = "http://127.0.0.1:9/elsewhere";  // kRedirect.
  std::vector<LlmWish> wishes{};                          // After the text.
  uint32_t input_tokens = 100, cached_tokens = 0;         // cached_tokens: of the input_tokens.
};

// What an answer with that text is said to have cost: a token for every four bytes begun.
uint32_t OutputTokens(const std::string& text);

using LlmScript = std::function<LlmReply(const LlmCall&)>;

class LlmServer {
 public:
  struct Options {
    bool tls = false;
    // Of TLS: a certificate made for this server. bad_certificate: for another host.
    bool bad_certificate = false;
    bool answers = true;  // False: accepts connections and says nothing, not even a handshake.
  };
  explicit LlmServer(LlmScript script) : LlmServer(std::move(script), Options{}) {}
  LlmServer(LlmScript script, Options options);
  ~LlmServer();

  std::string url() const;      // "http://127.0.0.1:PORT"; OpenAI's base is url() + "/v1".
  std::string ca_file() const;  // TLS: the PEM that trusts it.

  std::vector<LlmCall> calls() const;  // Copies.
  uint64_t call_count() const;
  void Forget();                      // The recorded calls.
  uint64_t connections() const;       // Accepted so far.
  uint64_t open_connections() const;  // Now.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::test
