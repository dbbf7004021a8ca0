// lyceum report COURSE: how its learners fare, from the logs of all partitions.
//
// Each log is read once and every session folded, as the owners have folded them; nobody is asked. Bounded by
// --memory: a partition whose sessions take more is refused.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/time_text.h"
#include "cli/cli.h"
#include "cli/course_report.h"
#include "cli/replay_log.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLearnerBytes = 256;  // Beside the session.

class Reading {
 public:
  Reading(const Common& common, const ReportOptions& options, wire::Connection& connection)
      : subjects_(common.subjects()),
        options_(options),
        patience_(std::chrono::seconds(options.timeout_s)),
        connection_(connection),
        report_(options.course) {}

  Result<void> Read();
  const CourseReport& report() const { return report_; }

 private:
  struct Folded {
    std::optional<tutor::Session> session;
    size_t bytes = 0;
  };
  Result<void> ReadPartition(uint32_t partition);
  Result<void> Fold(std::string_view user, const shard::Record& record, uint32_t partition,
                    shard::Refold* refold);

  const envelope::Subjects subjects_;
  const ReportOptions& options_;
  const std::chrono::milliseconds patience_;
  wire::Connection& connection_;
  CourseReport report_;
  std::map<std::string, Folded, std::less<>> folded_;  // Of the partition that is read.
  std::unordered_map<std::string, std::shared_ptr<const tutor::Topic>> topics_;
  size_t bytes_ = 0;
};

Result<void> Reading::Read() {
  for (uint32_t partition = 0; partition < subjects_.partitions(); ++partition) {
    if (auto read = ReadPartition(partition); !read) return read;
  }
  return {};
}

Result<void> Reading::ReadPartition(uint32_t partition) {
  folded_.clear();
  topics_.clear();
  bytes_ = 0;
  auto log = LookAtLog(connection_, subjects_, partition, patience_);
  if (!log) return log.error();
  if (log->first_sequence > 1) {
    std::cerr << fmt::format(
        "the log of partition {} was trimmed and begins at {}: whoever began "
        "before is not in the report\n",
        partition, log->first_sequence);
  }
  shard::Refold refold(subjects_, static_cast<store::PartitionId>(partition), &log->history,
                       TopicsOfBucket(connection_, subjects_));
  return ReadLearners(connection_, subjects_, *log, patience_,
                      [&](std::string_view user, const shard::Record& record) {
                        return Fold(user, record, partition, &refold);
                      });
}

Result<void> Reading::Fold(std::string_view user, const shard::Record& record, uint32_t partition,
                           shard::Refold* refold) {
  if (user.find(options_.like) == std::string_view::npos) return {};
  Folded& folded = folded_[std::string(user)];
  const CourseReport::Before before = CourseReport::Look(folded.session);
  const auto step = refold->Fold(record, &folded.session);
  if (!step) return step.error();
  bytes_ -= folded.bytes;
  folded.bytes = kLearnerBytes;
  if (tutor::Session* const session = folded.session ? &*folded.session : nullptr) {
    if (step->in_session && step->decoded) {
      report_.Add(before, step->decoded->event, refold->effects(), *session);
    }
    if (session->topic != nullptr && !session->topic_digest.empty()) {  // One topic for all.
      session->topic = topics_.try_emplace(session->topic_digest, session->topic).first->second;
    }
    folded.bytes += tutor::ApproximateBytes(*session);
  }
  bytes_ += folded.bytes;
  if (bytes_ <= static_cast<size_t>(options_.memory_mb) << 20) return {};
  return Reject(
      fmt::format("the sessions of partition {} take more than {} MiB: give more --memory, "
                  "or fewer learners with --like",
                  partition, options_.memory_mb));
}

std::string Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? "" : fmt::format("{} %", (100 * part + whole / 2) / whole);
}

std::string TookS(int64_t ms) { return ms == 0 ? "" : fmt::format("{:.1f}", ms / 1e3); }

std::string ErrorsOf(const CourseReport::Question& question) {
  std::string text;
  for (const auto& [error, count] : question.known_errors) {
    text += (text.empty() ? "" : ", ") + fmt::format("{} {}", error, count);
  }
  return text;
}

void PrintTables(const CourseReport& report) {
  Table questions{{{"topic"},
                   {"question"},
                   {"asked", true},
                   {"tried", true},
                   {"right first", true},
                   {"right", true},
                   {"answers", true},
                   {"hints", true},
                   {"missed", true},
                   {"given up", true},
                   {"s to right", true},
                   {"for review", true},
                   {"known errors"}}};
  for (const auto& q : report.questions()) {
    questions.Add({q.topic, q.question, std::to_string(q.asked), std::to_string(q.tried),
                   Percent(q.first_right, q.tried), Percent(q.right, q.asked),
                   std::to_string(q.answers), std::to_string(q.hints), std::to_string(q.missed),
                   std::to_string(q.given_up), TookS(q.median_ms), std::to_string(q.for_review),
                   ErrorsOf(q)});
  }
  questions.Print(std::cout);
  Table stuck{{{"stuck"}, {"state"}, {"topic"}, {"at"}, {"last seen"}}};
  uint64_t completed = 0;
  const auto learners = report.learners();
  for (const auto& learner : learners) {
    completed += learner.completed ? 1 : 0;
    if (learner.stuck.empty()) continue;
    stuck.Add(
        {learner.user, learner.state, learner.topic, learner.stuck, TimeText(learner.active_ms)});
  }
  if (!stuck.empty()) std::cout << "\n";
  stuck.Print(std::cout);
  Table doubts{{{"for review"}, {"topic"}, {"question"}, {"message", true}, {"why"}}};
  for (const auto& doubt : report.doubts()) {
    doubts.Add({doubt.user, doubt.topic, doubt.question, std::to_string(doubt.n), doubt.text});
  }
  if (!doubts.empty()) std::cout << "\n";
  doubts.Print(std::cout);
  std::cout << fmt::format("{}{} learners, {} of them have completed the course\n",
                           report.questions().empty() ? "" : "\n", learners.size(), completed);
}

void PrintLines(const CourseReport& report) {
  for (const auto& q : report.questions()) {
    std::cout << Json{{"kind", "question"},
                      {"topic", Plain(q.topic)},
                      {"question", Plain(q.question)},
                      {"asked", q.asked},
                      {"tried", q.tried},
                      {"first_right", q.first_right},
                      {"right", q.right},
                      {"answers", q.answers},
                      {"hints", q.hints},
                      {"missed", q.missed},
                      {"given_up", q.given_up},
                      {"median_ms", q.median_ms},
                      {"for_review", q.for_review},
                      {"known_errors", q.known_errors}}
                     .dump()
              << "\n";
  }
  for (const auto& learner : report.learners()) {
    std::cout << Json{{"kind", "learner"},
                      {"user", Plain(learner.user)},
                      {"state", learner.state},
                      {"topic", Plain(learner.topic)},
                      {"tried", learner.tried},
                      {"right", learner.right},
                      {"first_right", learner.first_right},
                      {"completed", learner.completed},
                      {"stuck", Plain(learner.stuck)},
                      {"active", TimeText(learner.active_ms)}}
                     .dump()
              << "\n";
  }
  for (const auto& doubt : report.doubts()) {
    std::cout << Json{{"kind", "review"},
                      {"user", Plain(doubt.user)},
                      {"topic", Plain(doubt.topic)},
                      {"question", Plain(doubt.question)},
                      {"n", doubt.n},
                      {"text", Plain(doubt.text)},
                      {"at", TimeText(doubt.at_ms)}}
                     .dump()
              << "\n";
  }
}

// A name that begins like a formula would be one in a spreadsheet.
std::string Cell(std::string text) {
  text = Plain(text);
  if (!text.empty() && std::string_view("=+-@\t").find(text[0]) != std::string_view::npos) {
    text.insert(0, "'");
  }
  for (size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2)) {
    text.insert(at, "\"");
  }
  return '"' + text + '"';
}

void PrintCsv(const CourseReport& report) {
  std::cout
      << "topic,question,asked,tried,first_right,right,answers,hints,missed,given_up,median_ms,"
         "for_review,known_errors\r\n";
  for (const auto& q : report.questions()) {
    std::cout << fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", Cell(q.topic),
                             Cell(q.question), q.asked, q.tried, q.first_right, q.right, q.answers,
                             q.hints, q.missed, q.given_up, q.median_ms, q.for_review,
                             Cell(ErrorsOf(q)));
  }
}

}  // namespace

int RunReport(const Common& common, const ReportOptions& options) {
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  Reading reading(common, options, **connection);
  if (auto read = reading.Read(); !read) return Fail(read.error());
  const CourseReport& report = reading.report();
  if (report.learners().empty()) {
    return Fail(kNo, "nobody has begun the course " + PlainLine(options.course, 80));
  }
  if (options.csv) {
    PrintCsv(report);
  } else if (AsTable(common, options.format)) {
    PrintTables(report);
  } else {
    PrintLines(report);
  }
  std::cout.flush();
  return kDone;
}

}  // namespace lyceum::cli
