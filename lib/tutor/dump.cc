#include "tutor/dump.h"

#include "tutor/dump_values.h"
#include "tutor/names.h"

namespace lyceum::tutor {
namespace {

using dump::List;
using dump::Quote;
using dump::Write;

// Lines of `key: value`.
class Lines {
 public:
  void Add(std::string_view key, std::string_view value) {
    text_.append(key).append(": ").append(value).append("\n");
  }
  void Add(std::string_view key, uint64_t value) { Add(key, std::to_string(value)); }
  void AddTime(std::string_view key, int64_t ms) { Add(key, std::to_string(ms)); }
  std::string Finish() { return std::move(text_); }

 private:
  std::string text_;
};

std::string Ids(const std::vector<TopicId>& ids) {
  return List(ids, [](const TopicId& id) { return Quote(id.value); });
}

std::string WriteState(const State& state) {
  if (const auto* lock = std::get_if<AwaitingToolResult>(&state)) {
    return "awaiting_tool_result " + Write(lock->call);
  }
  if (const auto* error = std::get_if<ErrorState>(&state)) {
    return "error_state code=" + Quote(error->code) +
           " retried=" + (error->retried_when_idle ? "yes" : "no") + " " + Write(error->failed);
  }
  if (const auto* wait = std::get_if<AwaitingApproval>(&state)) {
    return "awaiting_approval left=" + std::to_string(wait->left_ms) + " " + Write(*wait->draft);
  }
  if (const auto* known = std::get_if<RemediatingKnownError>(&state)) {
    return "remediating_known_error " + Quote(known->error.value);
  }
  return std::string(Name(NameOf(state)));
}

void AddSyllabus(Lines& lines, const Syllabus& syllabus) {
  lines.Add("syllabus.course", Quote(syllabus.course.value));
  lines.Add("syllabus.version", Quote(syllabus.version));
  lines.Add("syllabus.topic", Quote(syllabus.topic.value));
  lines.Add("syllabus.done", Ids(syllabus.done));
  lines.Add("syllabus.segment", syllabus.segment);
  lines.Add("syllabus.next_question", syllabus.next_question);
  lines.Add("syllabus.closed",
            List(syllabus.closed, [](bool correct) { return std::string(correct ? "1" : "0"); }));
  lines.Add("syllabus.errors", List(syllabus.errors, [](const ErrorCount& count) {
              return Quote(count.error.value) + "=" + std::to_string(count.count);
            }));
  lines.Add("syllabus.generated", syllabus.generated);
}

void AddQuestion(Lines& lines, const std::optional<OpenQuestion>& question) {
  if (!question) return lines.Add("question", "none");
  lines.Add("question.index", question->index ? std::to_string(*question->index) : "none");
  lines.Add("question.generated", question->generated ? Write(*question->generated) : "none");
  lines.Add("question.attempts",
            List(question->attempts, [](const Attempt& attempt) { return Write(attempt); }));
  lines.Add("question.hints_shown", question->hints_shown);
}

void AddCounters(Lines& lines, const Counters& counters) {
  lines.Add("counters.records", counters.records);
  lines.Add("counters.correct", counters.correct);
  lines.Add("counters.incorrect", counters.incorrect);
  lines.Add("counters.hints", counters.hints);
  lines.Add("counters.skips", counters.skips);
  lines.Add("counters.duplicates", counters.duplicates);
  lines.Add("counters.dropped", counters.dropped);
  lines.Add("counters.degraded", counters.degraded);
  lines.Add("counters.tool_errors", counters.tool_errors);
  lines.Add("counters.for_review", counters.for_review);
  lines.Add("counters.violations", counters.violations);
}

void AddMemory(Lines& lines, const Session& s) {
  lines.Add("clients", List(s.clients, [](const AttachedClient& c) { return Write(c); }));
  lines.Add("inbox", List(s.inbox, [](const Deferred& deferred) {
              return "{" + Dump(deferred.event) + " question=" + Quote(deferred.question.value) +
                     "}";
            }));
  lines.Add("timers", List(s.timers, [](const Timer& timer) { return Write(timer); }));
  lines.Add("recent", List(s.recent, [](const HistoryEntry& entry) { return Write(entry); }));
  lines.Add("seen", List(s.seen, [](uint64_t hash) { return std::to_string(hash); }));
}

}  // namespace

std::string Dump(const Session& s) {
  Lines lines;
  lines.Add("user", Quote(s.user.value));
  lines.Add("lifecycle", Name(s.lifecycle));
  lines.Add("state", WriteState(s.state));
  lines.Add("context", Write(s.context));
  lines.Add("busy_policy", Name(s.busy_policy));
  AddSyllabus(lines, s.syllabus);
  lines.Add("topic_digest", Quote(s.topic_digest));
  AddQuestion(lines, s.question);
  AddMemory(lines, s);
  lines.Add("history_count", s.history_count);
  lines.Add("n", s.n);
  lines.AddTime("time_ms", s.time_ms);
  lines.AddTime("active_ms", s.active_ms);
  lines.Add("nudges", s.nudges);
  lines.Add("first_sequence", s.first_sequence);
  lines.Add("last_sequence", s.last_sequence);
  AddCounters(lines, s.counters);
  return lines.Finish();
}

std::string Dump(const Event& event) {
  return Quote(event.id.value) + " client=" + Quote(event.client.value) + "(" +
         std::string(dump::Name(event.encoding)) + ") " + Write(event.kind);
}

}  // namespace lyceum::tutor
