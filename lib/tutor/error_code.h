// The codes of errors: the one list of what an `error` may be called, with what it means and what to do about it.
// docs/contract.md and the schemas are written from it (tests/contract/generate.cc), so a code that is not here is not
// sent: what sends one takes it from here. Only the tools of other people have codes of their own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lyceum::tutor {

enum class ErrorCode {
  // To clients.
  kAlreadyStarted,
  kCompleted,
  kDamaged,
  kDuplicateId,
  kInboxFull,
  kInternal,
  kNoDraft,
  kNoOpenQuestion,
  kNoSession,
  kNotFound,
  kNothingRuns,
  kQuestionClosed,
  kRefused,
  kTextEmpty,
  kTextTooLong,
  kUnavailable,
  // Of a tool call that has failed; those of load_topic, check_answer and generate_question reach the clients.
  kBadContent,
  kBadRequest,
  kBadResult,
  kCancelled,
  kDeadline,
  kLost,
  kNotSupported,
  kTooLarge,
  kToolFailed,
  // To who asks for a session's state, and to operators.
  kBadCommand,
  kBadQuery,
  kBadSubject,
  kBusy,
  kHalted,
  kNoWorker,
  kNotHalted,
  kNotRebuilt,
  kOpening,
  kUnreadable,
  kWrongPartition,
};

// Where a code is met, as bits: one may be met in several of them.
enum ErrorIn : uint8_t {
  kInSession = 1,  // ClientMessage.error, with an n.
  kAside = 2,      // ClientMessage.error, n is 0.
  kInResult = 4,   // ToolResult.error.
  kInView = 8,     // SessionView.error.
  kInReply = 16,   // PartitionReply.error.
};

struct ErrorCodeRow {
  ErrorCode code;
  std::string_view name;
  uint8_t in;  // ErrorIn
  bool final;  // The same again meets the same answer.
  std::string_view meaning;
  std::string_view what_to_do;
};

inline constexpr size_t kErrorCodeCount = static_cast<size_t>(ErrorCode::kWrongPartition) + 1;

// In the order of the enum.
const std::array<ErrorCodeRow, kErrorCodeCount>& ErrorCodes();
std::string_view Name(ErrorCode code);

}  // namespace lyceum::tutor
