// Steps that touch nothing: the state machine, the codecs and the grader.
#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "bench/micro.h"
#include "bench/micro_lesson.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "grading/answer/grade.h"

namespace lyceum::bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
using envelope::Encoding;
using envelope::RecordClass;

constexpr uint32_t kPartition = 3;
constexpr size_t kQuestions = 1'000;

// A session of that many history entries, at an open question.
tutor::Session Asked(int64_t history) {
  const UserId user("ada");
  return GoOn(Begin(user, LongTopic(CourseFile(), kQuestions), kPartition),
              static_cast<uint64_t>(history), kPartition);
}

// The same, its answer sent to the grader.
tutor::Session Locked(int64_t history) {
  tutor::Session session = Asked(history);
  const UserId user = session.user;
  const tutor::Event answer = NextEvent(session);
  const tutor::LogPosition position = NextPosition(session, kPartition);
  std::optional<tutor::Session> locked = std::move(session);
  tutor::Effects effects;
  tutor::Advance(&locked, user, answer, position, &effects);
  return *std::move(locked);
}

void TimeAdvance(State& state, const tutor::Session& before) {
  const tutor::Event event = NextEvent(before);
  const tutor::LogPosition position = NextPosition(before, kPartition);
  tutor::Effects effects;
  TimeCpu(
      state, [&] { return std::optional(before); },
      [&](std::optional<tutor::Session>& session) {
        tutor::Advance(&session, before.user, event, position, &effects);
      });
}

void AdvanceRightAnswer(State& state) { TimeAdvance(state, Asked(state.range(0))); }
void AdvanceToolResult(State& state) { TimeAdvance(state, Locked(state.range(0))); }

Encoding EncodingOf(const State& state) {
  return state.range(0) == 0 ? Encoding::kProtobuf : Encoding::kJson;
}

void DecodeLearnerEvent(State& state) {
  const Encoding encoding = EncodingOf(state);
  const std::string bytes = envelope::EncodeEvent(NextEvent(Asked(0)), encoding);
  TimeCpu(state, [&] {
    const auto decoded = envelope::DecodeEvent(bytes, encoding, RecordClass::kUser);
    CHECK(decoded.has_value());
  });
}

void EncodeLearnerEvent(State& state) {
  const Encoding encoding = EncodingOf(state);
  const tutor::Event event = NextEvent(Asked(0));
  TimeCpu(state, [&] { DoNotOptimize(envelope::EncodeEvent(event, encoding)); });
}

void DecodeToolResultEvent(State& state) {
  const Encoding encoding = EncodingOf(state);
  const std::string bytes = envelope::EncodeEvent(NextEvent(Locked(0)), encoding);
  TimeCpu(state, [&] {
    const auto decoded = envelope::DecodeEvent(bytes, encoding, RecordClass::kTool);
    CHECK(decoded.has_value());
  });
}

envelope::ToolRequest Request() {
  const tutor::Session session = Locked(0);
  const tutor::Call& call = std::get<tutor::AwaitingToolResult>(session.state).call;
  return {.id = call.id,
          .tool = call.tool,
          .user = session.user,
          .deadline_ms = session.time_ms + call.duration_ms,
          .reply_subject = "lyceum.in.tool.ada",
          .stream_subject = "lyceum.out.bench",
          .args = tutor::CheckAnswerArgs{.question = *tutor::CurrentQuestion(session),
                                         .answer = call.text},
          .context = session.context};
}

void EncodeToolRequest(State& state) {
  const Encoding encoding = EncodingOf(state);
  const envelope::ToolRequest request = Request();
  TimeCpu(state, [&] { DoNotOptimize(envelope::EncodeToolRequest(request, encoding)); });
}

void DecodeToolRequest(State& state) {
  const Encoding encoding = EncodingOf(state);
  const std::string bytes = envelope::EncodeToolRequest(Request(), encoding);
  TimeCpu(state, [&] {
    const auto decoded = envelope::DecodeToolRequest(bytes, encoding);
    CHECK(decoded.has_value());
  });
}

void EncodeSessionRow(State& state) {
  const tutor::Session session = Asked(state.range(0));
  TimeCpu(state, [&] { DoNotOptimize(envelope::EncodeSession(session)); });
}

void DecodeSessionRow(State& state) {
  const std::string bytes = envelope::EncodeSession(Asked(state.range(0)));
  TimeCpu(state, [&] {
    const auto decoded = envelope::DecodeSession(bytes);
    CHECK(decoded.has_value());
  });
}

void Grade(State& state, const grading::Item& item, const char* answer) {
  TimeCpu(state, [&] {
    const grading::Grade grade = grading::CheckAnswer(item, answer);
    CHECK(grade.outcome == grading::Outcome::kCorrect);
  });
}

void GradeNumeric(State& state) {
  Grade(state, {.format = grading::Format::kNumeric, .answers = {"3/4"}}, "0.75");
}

void GradeExpression(State& state) {
  Grade(state, {.format = grading::Format::kExpression, .answers = {"x^2+2x+1"}}, "(x+1)^2");
}

void Histories(benchmark::internal::Benchmark* bench) {
  bench->ArgName("history")->Arg(10)->Arg(1'000)->UseManualTime();
}
void Encodings(benchmark::internal::Benchmark* bench) {
  bench->ArgName("json")->Arg(0)->Arg(1)->UseManualTime();
}

BENCHMARK(AdvanceRightAnswer)->Apply(Histories);
BENCHMARK(AdvanceToolResult)->Apply(Histories);
BENCHMARK(DecodeLearnerEvent)->Apply(Encodings);
BENCHMARK(EncodeLearnerEvent)->Apply(Encodings);
BENCHMARK(DecodeToolResultEvent)->Apply(Encodings);
BENCHMARK(EncodeToolRequest)->Apply(Encodings);
BENCHMARK(DecodeToolRequest)->Apply(Encodings);
BENCHMARK(EncodeSessionRow)->Apply(Histories);
BENCHMARK(DecodeSessionRow)->Apply(Histories);
BENCHMARK(GradeNumeric)->UseManualTime();
BENCHMARK(GradeExpression)->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
