#include "bench/micro_lesson.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/digest.h"
#include "tools/course_file.h"
#include "tools/grade_question.h"

namespace lyceum::bench {
namespace {

constexpr int64_t kFirstMs = 1'700'000'000'000;
constexpr int64_t kStepMs = 1'000;

tutor::Event EventOf(const tutor::Session& session, tutor::EventKind kind) {
  const bool from_tool = std::holds_alternative<tutor::ToolResult>(kind);
  return {.id = EventId(fmt::format("{}-{}", session.user.value, session.last_sequence + 1)),
          .client = from_tool ? ClientId() : ClientId("bench"),
          .kind = std::move(kind)};
}

tutor::Event ResultOf(const tutor::Session& session, const tutor::Call& call,
                      tutor::ToolOutcome outcome) {
  return EventOf(session, tutor::ToolResult{{.call = call.id,
                                             .outcome = std::move(outcome),
                                             .worker = "bench",
                                             .provider = "built-in",
                                             .latency_ms = 1,
                                             .attempts_made = 0}});
}

tutor::Session Fold(tutor::Session session, const tutor::Event& event, uint32_t partition) {
  const UserId user = session.user;
  const tutor::LogPosition position = NextPosition(session, partition);
  std::optional<tutor::Session> advanced = std::move(session);
  tutor::Effects effects;
  tutor::Advance(&advanced, user, event, position, &effects);
  return *std::move(advanced);
}

}  // namespace

std::shared_ptr<const tutor::Topic> LongTopic(const std::string& course_file, size_t questions) {
  auto read = tools::ReadCourseFile(course_file);
  if (!read) throw std::runtime_error(read.error().text);
  std::vector<tutor::Question> all;
  for (const tutor::Topic& topic : read->course.topics) {
    all.insert(all.end(), topic.questions.begin(), topic.questions.end());
  }
  if (all.empty()) throw std::runtime_error(course_file + " has no question");
  tutor::Topic topic = read->course.topics.front();
  topic.material.clear();
  topic.gate = {};
  topic.next.reset();
  topic.questions.clear();
  for (size_t i = 0; i < questions; ++i) {
    topic.questions.push_back(all[i % all.size()]);
    topic.questions.back().id = QuestionId(fmt::format("q-{}", i));
  }
  return std::make_shared<const tutor::Topic>(std::move(topic));
}

tutor::Session Begin(const UserId& user, const std::shared_ptr<const tutor::Topic>& topic,
                     uint32_t partition) {
  const tutor::Event start{.id = EventId(user.value + "-1"),
                           .client = ClientId("bench"),
                           .kind = tutor::Start{.course = topic->course}};
  std::optional<tutor::Session> opened;
  tutor::Effects effects;
  tutor::Advance(&opened, user, start, {partition, 1, kFirstMs}, &effects);
  tutor::Session session = *std::move(opened);
  const auto& lock = std::get<tutor::AwaitingToolResult>(session.state);
  const tutor::LoadTopicOk loaded{
      .topic = topic,
      .digest = Sha256Hex(fmt::format("{}-{}", topic->version, topic->questions.size()))};
  session = Fold(session, ResultOf(session, lock.call, loaded), partition);
  return session;
}

tutor::Session GoOn(tutor::Session session, uint64_t history, uint32_t partition) {
  while (session.history_count < history ||
         tutor::NameOf(session.state) != tutor::StateName::kAwaitingAnswer) {
    const tutor::Event event = NextEvent(session);
    session = Fold(std::move(session), event, partition);
  }
  return session;
}

tutor::Event NextEvent(const tutor::Session& session) {
  const tutor::Question* question = tutor::CurrentQuestion(session);
  CHECK(question != nullptr);
  const auto* lock = std::get_if<tutor::AwaitingToolResult>(&session.state);
  if (lock == nullptr) {
    CHECK(std::holds_alternative<tutor::AwaitingAnswer>(session.state));
    return EventOf(session, tutor::UserMessage{question->answers.front(), tutor::Intent::kAnswer});
  }
  CHECK(lock->call.tool == tutor::Tool::kCheckAnswer);
  return ResultOf(session, lock->call,
                  tools::GradeAnswer({.question = *question, .answer = lock->call.text}));
}

tutor::LogPosition NextPosition(const tutor::Session& session, uint32_t partition) {
  return {partition, session.last_sequence + 1, session.time_ms + kStepMs};
}

}  // namespace lyceum::bench
