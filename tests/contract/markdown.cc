// The parts of docs/contract.md that are made from the code.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "contract/contract_model.h"
#include "envelope/encoding.h"
#include "envelope/limits.h"
#include "shard/fold.h"
#include "tutor/error_code.h"
#include "tutor/limits.h"

namespace lyceum::contract {
namespace {

std::string Codes() {
  using tutor::ErrorIn;
  constexpr std::pair<ErrorIn, std::string_view> kPlaces[] = {{tutor::kInSession, "session"},
                                                              {tutor::kAside, "aside"},
                                                              {tutor::kInResult, "tool"},
                                                              {tutor::kInView, "query"},
                                                              {tutor::kInReply, "command"}};
  std::vector<tutor::ErrorCodeRow> rows(tutor::ErrorCodes().begin(), tutor::ErrorCodes().end());
  std::sort(rows.begin(), rows.end(),
            [](const auto& one, const auto& other) { return one.name < other.name; });
  std::string text = "| Code | Where | Final | Meaning | What to do |\n|---|---|---|---|---|\n";
  for (const tutor::ErrorCodeRow& row : rows) {
    std::string places;
    for (const auto& [bit, name] : kPlaces) {
      if ((row.in & bit) != 0) places += fmt::format("{}{}", places.empty() ? "" : ", ", name);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, places,
                        row.final ? "yes" : "no", row.meaning, row.what_to_do);
  }
  return text;
}

std::string DeadLetters() {
  using shard::Refusal;
  constexpr std::pair<Refusal, std::string_view> kReasons[] = {
      {Refusal::kUndecodable,
       "cannot be read, or does not fit the contract; `text` names the field"},
      {Refusal::kWrongClass, "an event of another class than its subject's"},
      {Refusal::kWrongPartition, "the user belongs to another partition than the record lies in"},
      {Refusal::kBadSubject, "the subject names no user: see [users](#users)"},
      {Refusal::kBuried, "the session worker ended twice while it folded this record"},
      {Refusal::kDamaged,
       "the session's own row cannot be read; the record is folded when it is rebuilt"}};
  std::string text = "| Reason | The record |\n|---|---|\n";
  for (const auto& [reason, what] : kReasons) {
    text += fmt::format("| `{}` | {} |\n", shard::Name(reason), what);
  }
  return text;
}

std::string Size(size_t bytes) {
  if (bytes % 1024 != 0) return fmt::format("{} bytes", bytes);
  return bytes % (1024 * 1024) == 0 ? fmt::format("{} MiB", bytes / 1024 / 1024)
                                    : fmt::format("{} KiB", bytes / 1024);
}
std::string Time(int64_t ms) {
  if (ms % (24 * 3600 * 1000) == 0) return fmt::format("{} days", ms / (24 * 3600 * 1000));
  return ms % 60'000 == 0 && ms >= 5 * 60'000 ? fmt::format("{} min", ms / 60'000)
                                              : fmt::format("{} s", ms / 1000);
}

std::string Limits() {
  struct Row {
    std::string what;
    std::string limit;
    std::string beyond;
  };
  const std::vector<Row> rows = {
      {"a payload", Size(envelope::kPayloadBytesMax),
       "the server takes no more: no ack (`max_payload`)"},
      {"a user or client, plain", fmt::format("{} characters", kPlainTokenMax),
       "dead letter `bad_subject`"},
      {"the same, carried as `~` + base64url", fmt::format("{} characters", kTokenMax),
       "dead letter `bad_subject`"},
      {"an id of an event, course, version, topic",
       Size(envelope::kIdBytesMax) + ", no control characters", "`refused`"},
      {"a learner's text", Size(tutor::kLearnerTextBytesMax),
       "`text_too_long`; above " + Size(envelope::kMessageTextBytesMax) + " `refused`"},
      {"`context`: each text", Size(envelope::kContextTextBytesMax), "`refused`"},
      {"`context.objectives`", std::to_string(envelope::kObjectivesMax), "`refused`"},
      {"a reason of `end` or `shutdown`", Size(envelope::kReasonBytesMax), "`refused`"},
      {"attached clients of a learner", std::to_string(tutor::kClientsMax),
       "the one silent longest is `detached`"},
      {"deferred events", std::to_string(tutor::kInboxMax), "`inbox_full`"},
      {"messages kept for `attach`", std::to_string(tutor::kMessagesKept),
       "`resumed.first_n` is above `after_n` + 1"},
      {"event ids a session remembers", std::to_string(tutor::kSeenMax), "an older id acts again"},
      {"wrong answers to a question", std::to_string(tutor::kAttemptsMax),
       "the solution is shown, the question closed"},
      {"hints of a question", std::to_string(tutor::kHintsMax), "the next one shows the solution"},
      {"a call: grading", Time(tutor::kGradingDurationMs) + " from its dispatch",
       "`error{deadline}`, state `error_state`"},
      {"a call: everything else", Time(tutor::kToolDurationMs) + " from its dispatch",
       "`error{deadline}`, or a text that stands in"},
      {"the calls of one wait together", Time(tutor::kLockMsMax), "as above"},
      {"silence until a nudge, and once more until the session leaves memory", Time(tutor::kIdleMs),
       "nothing is lost"},
      {"silence until a session is archived", Time(tutor::kTtlMs),
       "its next event makes it active again"},
      {"a text of a tool's result", Size(tutor::kToolTextBytesMax), "`ToolRefused`"},
      {"a draft waits for a teacher", Time(tutor::kDecideMsMax),
       "`context.decide_seconds` above it is `refused`; then what `context.undecided` says"},
      {"a teacher's text", Size(tutor::kToolTextBytesMax), "`refused`"},
      {"a topic as a whole", Size(envelope::kTopicBytesMax), "`ToolRefused`; not imported"},
      {"a code, method or strategy of a result", Size(envelope::kWordBytesMax), "`ToolRefused`"},
      {"hypotheses of `diagnose_error`", std::to_string(envelope::kHypothesesMax), "`ToolRefused`"},
      {"a heartbeat: tools", std::to_string(envelope::kToolsMax), "it is not read"},
      {"a heartbeat: `in_flight`", std::to_string(envelope::kInFlightMax), "it is not read"},
      {"a query: `history_max`",
       fmt::format("{}, {} where it is 0", envelope::kHistoryMax, envelope::kHistoryDefault),
       "`bad_query`"},
  };
  std::string text = "| What | At most | Beyond |\n|---|---|---|\n";
  for (const Row& row : rows) {
    text += fmt::format("| {} | {} | {} |\n", row.what, row.limit, row.beyond);
  }
  return text;
}

std::string TypeText(const Field& field) {
  const auto words = [&] {
    std::string text;
    for (const std::string& word : field.words) text += (text.empty() ? "" : " ") + word;
    return text;
  };
  std::string text;
  switch (field.kind) {
    case FieldKind::kText:
      text = "text";
      break;
    case FieldKind::kWord:
    case FieldKind::kEnum:
      text = words();
      break;
    case FieldKind::kBool:
      text = "bool";
      break;
    case FieldKind::kNumber:
      text = "double";
      break;
    case FieldKind::kInteger:
      text = "uint32";
      break;
    case FieldKind::kLong:
      text = "uint64, in JSON text";
      break;
    case FieldKind::kBytes:
      text = "bytes, in JSON base64";
      break;
    case FieldKind::kTime:
      text = "time, in JSON RFC 3339";
      break;
    case FieldKind::kMessage:
      text = "[" + field.type + "](#" + field.type + ")";
      std::transform(text.begin() + static_cast<std::ptrdiff_t>(text.find('#')), text.end(),
                     text.begin() + static_cast<std::ptrdiff_t>(text.find('#')),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      break;
  }
  return field.repeated ? text + ", repeated" : text;
}

std::string Cell(std::string text) {
  for (size_t i = text.find('|'); i != std::string::npos; i = text.find('|', i + 2)) {
    text.replace(i, 1, "\\|");
  }
  return text;
}

std::string Messages(const Contract& contract) {
  std::string text;
  for (const Message& message : contract.messages) {
    if (message.fields.empty()) continue;
    text += "#### " + message.name + "\n\n";
    if (!message.comment.empty()) text += message.comment + "\n\n";
    text += "| Field | Type | |\n|---|---|---|\n";
    for (const Field& field : message.fields) {
      std::string what = field.comment;
      if (field.oneof >= 0) {
        what = "one of `" + message.oneofs[static_cast<size_t>(field.oneof)] + "`" +
               (what.empty() ? "" : ". " + what);
      }
      text += fmt::format("| `{}`{} | {} | {} |\n", field.name, field.required ? " (needed)" : "",
                          Cell(TypeText(field)), Cell(what));
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string MarkdownOf(const Contract& contract, std::string_view part) {
  if (part == "codes") return Codes();
  if (part == "dead_letters") return DeadLetters();
  if (part == "limits") return Limits();
  if (part == "messages") return Messages(contract);
  throw std::runtime_error("there is no part " + std::string(part));
}

}  // namespace lyceum::contract
