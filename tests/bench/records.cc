#include "bench/records.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/digest.h"
#include "envelope/codec.h"
#include "envelope/topics.h"
#include "shard/named_topic.h"
#include "toolhost/tool_reply.h"
#include "tools/built_in.h"
#include "tools/course_bucket.h"
#include "tools/course_file.h"
#include "tutor/advance.h"

namespace lyceum::bench {
namespace {

using envelope::RecordClass;

// A lesson that goes on without end is a mistake in here.
constexpr size_t kLinesMax = 1'000'000;
constexpr int64_t kFirstMs = 1'000'000'000'000;

class CourseInMemory : public tools::TopicSource {
 public:
  explicit CourseInMemory(const tools::Course& course) {
    for (const tutor::Topic& topic : course.topics) {
      topics_.push_back(std::make_shared<tutor::Topic>(topic));
    }
  }
  Result<std::shared_ptr<const tutor::Topic>> Get(const tutor::TopicRef& ref) override {
    for (const auto& topic : topics_) {
      if (ref.topic.empty() || topic->id == ref.topic) return topic;
    }
    return Reject("the course has no such topic");
  }
  // By name, as from the course bucket.
  Result<tutor::LoadTopicOk> Load(const tutor::TopicRef& ref) override {
    auto topic = Get(ref);
    if (!topic) return topic.error();
    const tutor::Topic& found = **topic;
    return tutor::LoadTopicOk{*topic, Sha256Hex(envelope::EncodeTopic(found)),
                              tutor::TopicRef{found.course, found.version, found.id}};
  }

 private:
  std::vector<std::shared_ptr<const tutor::Topic>> topics_;
};

// One lesson in the making: the learner, the session and the tools, with nothing between them.
class Rehearsal {
 public:
  Rehearsal(const load::LoadCourse* known, const LessonPlan* plan, const tools::Toolbox* tools,
            uint64_t seed)
      : plan_(plan),
        tools_(tools),
        learner_(user_, client_, known, &plan->mix, tutor::Encoding::kProtobuf, seed) {}

  Lesson Run() {
    while (!learner_.completed() && HistoryCount() < plan_->history_max) {
      for (const tutor::Event& event : learner_.Next()) Fold(RecordClass::kUser, event, {});
      while (pending_) RunTool();
      if (!learner_.may_act()) throw std::runtime_error("a lesson got stuck");
      lesson_.lines.back().settled = true;
    }
    return std::move(lesson_);
  }

 private:
  uint64_t HistoryCount() const { return session_ ? session_->history_count : 0; }

  void Fold(RecordClass record_class, const tutor::Event& event, std::string index) {
    if (lesson_.lines.size() >= kLinesMax) throw std::runtime_error("a lesson does not end");
    Lesson::Line line{.record_class = record_class,
                      .event = event,
                      .asks = false,
                      .index = std::move(index),
                      .settled = false,
                      .after = {}};
    const uint64_t sequence = lesson_.lines.size() + 1;
    tutor::Advance(&session_, user_, event,
                   {0, sequence, kFirstMs + static_cast<int64_t>(sequence)}, &effects_);
    for (const tutor::Effect& effect : effects_) {
      if (const auto* emit = std::get_if<tutor::EmitMessage>(&effect))
        learner_.OnMessage(emit->message);
      if (const auto* call = std::get_if<tutor::CallTool>(&effect)) {
        pending_ = RequestOf(*call);
        line.asks = true;
      }
    }
    if (!session_ || !learner_.counts().errors.empty()) {
      throw std::runtime_error("a lesson went wrong");
    }
    line.after = MarkOf(*session_);
    lesson_.lines.push_back(std::move(line));
  }

  envelope::ToolRequest RequestOf(const tutor::CallTool& call) const {
    envelope::ToolRequest request;
    request.id = call.call.id;
    request.tool = call.call.tool;
    request.user = user_;
    request.deadline_ms = session_->time_ms + call.call.duration_ms;
    request.args = call.args;
    request.context = session_ ? session_->context : tutor::Context{};
    return request;
  }

  void RunTool() {
    const envelope::ToolRequest request = *std::exchange(pending_, std::nullopt);
    tools::ToolAnswer answer = tools_->Run({.request = request, .deadline = Deadline::max()});
    const auto* ok = std::get_if<tutor::LoadTopicOk>(&answer.outcome);
    const auto loaded = ok == nullptr ? nullptr : ok->topic;
    const toolhost::ResultMessage reply =
        toolhost::ReplyMessage({.subjects = subjects_, .worker = "tools-1", .provider = "built-in"},
                               request, std::move(answer), 1);
    auto event = envelope::DecodeEvent(reply.data, tutor::Encoding::kProtobuf, RecordClass::kTool);
    if (!event) throw std::runtime_error(event.error().text);
    if (tutor::LoadTopicOk* named = shard::TopicToFetch(&event->event)) {
      named->topic = loaded;
    }
    const std::string& id = request.id.value;
    Fold(RecordClass::kTool, event->event, id.substr(id.rfind('-') + 1));
  }

  const envelope::Subjects subjects_;
  const UserId user_{"learner"};
  const ClientId client_{"client"};
  const LessonPlan* plan_;
  const tools::Toolbox* tools_;
  load::LoadLearner learner_;
  std::optional<tutor::Session> session_;
  tutor::Effects effects_;
  std::optional<envelope::ToolRequest> pending_;
  Lesson lesson_;
};

}  // namespace

Mark MarkOf(const tutor::Session& session) {
  return {tutor::NameOf(session.state), session.n, session.history_count};
}

size_t Lesson::LinesUntil(uint64_t history_count, size_t from) const {
  for (size_t i = from; i < lines.size(); ++i) {
    if (lines[i].settled && lines[i].after.history_count >= history_count) return i + 1;
  }
  throw std::runtime_error(fmt::format("a lesson ends before message {}", history_count));
}

TopicRows TopicRowsOf(const std::string& course_file) {
  auto read = tools::ReadCourseFile(course_file);
  if (!read) throw std::runtime_error(read.error().text);
  TopicRows rows;
  for (const tutor::Topic& topic : read->course.topics) {
    std::string bytes = envelope::EncodeTopic(topic);
    std::string digest = Sha256Hex(bytes);
    rows.emplace(std::move(digest), std::move(bytes));
  }
  return rows;
}

std::vector<Lesson> MakeLessons(const LessonPlan& plan, size_t count, uint64_t seed) {
  auto read = tools::ReadCourseFile(plan.course_file);
  if (!read) throw std::runtime_error(read.error().text);
  const load::LoadCourse known = load::LoadCourseOf(read->course);
  const tools::Toolbox tools = tools::BuiltInTutor(std::make_shared<CourseInMemory>(read->course));
  std::vector<Lesson> lessons;
  for (size_t i = 0; i < count; ++i) {
    lessons.push_back(Rehearsal(&known, &plan, &tools, seed + i).Run());
  }
  return lessons;
}

LogWriter::LogWriter(const envelope::Subjects& subjects, uint32_t partition, uint64_t seed,
                     int64_t ahead_ms)
    : subjects_(subjects), partition_(partition), ahead_ms_(ahead_ms), random_(seed) {}

wire::StoredMessage LogWriter::Write(Learner& learner) {
  const Lesson::Line& line = learner.lesson->lines.at(learner.next);
  tutor::Event event = line.event;
  if (auto* result = std::get_if<tutor::ToolResult>(&event.kind)) {
    result->reply.call = CallId(fmt::format("{}-{}-{}", partition_, learner.asked, line.index));
    event.id = EventId(result->reply.call.value);
  } else {
    event.id = EventId(fmt::format("{}-{}", learner.user.value, learner.next));
    event.client = ClientId("c-" + learner.user.value);
  }
  wire::StoredMessage record;
  record.subject = subjects_.Log(partition_, line.record_class, learner.user);
  record.headers = {{"Nats-Msg-Id", event.id.value}};
  record.data = envelope::EncodeEvent(event, tutor::Encoding::kProtobuf);
  record.sequence = ++sequence_;
  record.time_ms = UnixMs() + ahead_ms_;
  if (line.asks) learner.asked = sequence_;
  learner.next += 1;
  return record;
}

std::vector<wire::StoredMessage> LogWriter::WriteAll(std::vector<Learner>& learners,
                                                     size_t in_flight) {
  std::vector<wire::StoredMessage> records;
  std::vector<Learner*> active;
  size_t waiting = 0;
  while (true) {
    while (active.size() < in_flight && waiting < learners.size()) {
      if (!learners[waiting].done()) active.push_back(&learners[waiting]);
      ++waiting;
    }
    if (active.empty()) return records;
    Learner*& turn = active[random_() % active.size()];
    records.push_back(Write(*turn));
    if (turn->done()) {
      turn = active.back();
      active.pop_back();
    }
  }
}

std::vector<UserId> UsersOf(const envelope::Subjects& subjects, uint32_t partition,
                            const std::string& prefix, size_t count, uint64_t* number) {
  std::vector<UserId> users;
  while (users.size() < count) {
    UserId user(prefix + std::to_string((*number)++));
    if (subjects.PartitionOf(user) == partition) users.push_back(std::move(user));
  }
  return users;
}

}  // namespace lyceum::bench
