// Any bytes as an answer: read, printed and read again they are the same tree; nothing differs from
// itself; no answer takes more work than its budget; and the same answer gets the same grade.
//
// Input: a key, a newline, an answer. Without a newline the answer is its own key.
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/check.h"
#include "grading/algebra/equivalence.h"
#include "grading/algebra/parse.h"
#include "grading/answer/grade.h"
#include "grading/answer/pair.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

void CheckTree(std::string_view text) {
  const std::string plain = Plain(text);
  const std::string unknowns = Unknowns(plain, plain);
  Reading reading;
  reading.functions = unknowns;
  const Parsed parsed = Parse(plain, reading);
  if (!parsed.tree) {
    CHECK(!parsed.error.empty());
    return;
  }
  CHECK(parsed.tree->nodes().size() <= kNodesMax);
  Budget budget;
  CHECK(Equivalent(*parsed.tree, *parsed.tree, &budget) != Same::kNo);
  const std::string dump = parsed.tree->Dump();
  if (dump.size() > kAnswerBytesMax) return;  // Its brackets make it longer than what may be read.
  const Parsed again = Parse(dump, reading);
  // They also make it deeper.
  if (!again.tree) {
    CHECK(again.error.find("too") != std::string::npos);
    return;
  }
  CHECK(again.tree->Dump() == dump);
  Budget other;
  CHECK(Equivalent(*parsed.tree, *again.tree, &other) != Same::kNo);
}

// As one kind, which the input's length says: each by itself keeps an input quick.
void CheckGrade(std::string_view key, std::string_view answer) {
  static constexpr Kind kKinds[] = {Kind::kExpression, Kind::kEquation, Kind::kInterval,
                                    Kind::kList,       Kind::kNumeric,  Kind::kMixed,
                                    Kind::kChoice};
  Pair pair;
  pair.references = {std::string(key)};
  pair.answer = std::string(answer);
  pair.kind = kKinds[(key.size() + answer.size()) % std::size(kKinds)];
  const PairGrade grade = GradePair(pair);
  CHECK(grade.verdict == GradePair(pair).verdict);
  CHECK(grade.confidence >= 0 && grade.confidence <= 1);
  if (key == answer) CHECK(grade.verdict != PairVerdict::kIncorrect);
}

}  // namespace
}  // namespace lyceum::grading

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const std::string_view key = text.substr(0, line);
  const std::string_view answer = line == std::string_view::npos ? key : text.substr(line + 1);
  lyceum::grading::CheckTree(answer);
  lyceum::grading::CheckGrade(key, answer);
  return 0;
}
