#include "shard/session_lists.h"

#include <utility>
#include <variant>

#include "envelope/rows.h"
#include "tutor/names.h"

namespace lyceum::shard {
namespace {

using envelope::ListSessions;
using envelope::SessionSummary;

constexpr std::string_view kDamaged = "damaged";
constexpr size_t kTextMax = 300;

SessionSummary DamagedSummary(const std::string& user, const std::string& why) {
  return {
      .user = user, .state = std::string(kDamaged), .stuck = true, .text = why.substr(0, kTextMax)};
}

int64_t DueOf(const tutor::Session& session, tutor::TimerKind kind) {
  for (const tutor::Timer& timer : session.timers) {
    if (timer.kind == kind) return timer.due_ms;
  }
  return 0;
}

SessionSummary SummaryOf(const tutor::Session& session, int64_t now_ms) {
  SessionSummary summary{.user = session.user.value,
                         .state = std::string(tutor::Name(tutor::NameOf(session.state))),
                         .lifecycle = std::string(tutor::Name(session.lifecycle)),
                         .course = session.syllabus.course.value,
                         .topic = session.syllabus.topic.value,
                         .at_ms = session.time_ms,
                         .last_sequence = session.last_sequence};
  if (const auto* lock = std::get_if<tutor::AwaitingToolResult>(&session.state)) {
    summary.tool = std::string(tutor::Name(lock->call.tool));
    summary.deadline_ms = DueOf(session, tutor::TimerKind::kToolDeadline);
  } else if (std::holds_alternative<tutor::AwaitingApproval>(session.state)) {
    summary.deadline_ms = DueOf(session, tutor::TimerKind::kApproval);
  }
  summary.stuck = summary.deadline_ms != 0 && now_ms > summary.deadline_ms + SessionLists::kStuckMs;
  return summary;
}

bool IsWanted(const ListSessions& list, const SessionSummary& summary) {
  if (list.damaged && summary.state != kDamaged) return false;
  if (list.state && summary.state != tutor::Name(*list.state)) return false;
  if (!list.course.empty() && summary.course != list.course) return false;
  if (list.inactive_since_ms != 0 && summary.at_ms > list.inactive_since_ms) return false;
  return !list.stuck || summary.stuck;
}

}  // namespace

bool SessionLists::Add(store::PartitionId partition, ListSessions list, Done done) {
  if (waiting_.size() >= kWaitingMax) return false;
  Waiting& waiting = waiting_.emplace_back();
  waiting.partition = partition;
  waiting.list = std::move(list);
  waiting.done = std::move(done);
  waiting.answer_by_ms = context_->clock->SteadyMs() + kAnswerMs;
  waiting.reply.done = true;
  waiting.reply.next = waiting.list.after;
  return true;
}

void SessionLists::Turn() {
  if (waiting_.empty()) return;
  Waiting& waiting = waiting_.front();
  size_t cost = 0;
  Result<bool> answer = false;
  while (answer && !*answer && cost < kCostTurn) answer = LookAtNext(&waiting, &cost);
  const bool late = context_->clock->SteadyMs() >= waiting.answer_by_ms;
  if (answer && !*answer && !late) return;
  const Waiting answered = std::move(waiting);
  waiting_.pop_front();
  answered.done(answer ? Result<envelope::PartitionReply>(answered.reply)
                       : Result<envelope::PartitionReply>(answer.error()));
}

Result<bool> SessionLists::LookAtNext(Waiting* waiting, size_t* cost) {
  envelope::PartitionReply& reply = waiting->reply;
  if (waiting->users.empty()) {
    if (waiting->read_all) {
      reply.next.clear();
      return true;
    }
    auto users = context_->store->GetUsers(waiting->partition, reply.next, kUsersPage);
    if (!users) return users.error();
    *cost += kCostRead;
    waiting->read_all = users->size() < kUsersPage;
    waiting->users.assign(users->begin(), users->end());
    return false;
  }
  const std::string user = std::move(waiting->users.front());
  waiting->users.pop_front();
  reply.next = user;
  ++reply.looked;
  *cost += kCostName;
  const ListSessions& list = waiting->list;
  if (list.like.empty() || user.find(list.like) != std::string::npos) {
    auto summary = Look(waiting->partition, user, cost);
    if (!summary) return summary.error();
    if (*summary && IsWanted(list, **summary)) reply.sessions.push_back(*std::move(*summary));
  }
  return reply.sessions.size() >= list.limit || reply.looked >= kLookedMax;
}

Result<std::optional<SessionSummary>> SessionLists::Look(store::PartitionId partition,
                                                         const std::string& user, size_t* cost) {
  using Found = std::optional<SessionSummary>;
  const int64_t now_ms = context_->server_time->NowMs();
  if (const SessionEntry* entry = context_->sessions->Find(user)) {
    if (!entry->damaged.empty()) return Found(DamagedSummary(user, entry->damaged));
    return Found(SummaryOf(*entry->session, now_ms));
  }
  *cost += kCostRead;
  auto row = context_->store->GetSession(partition, user);
  if (!row && row.error().fault != Fault::kFatal) return row.error();
  if (!row) return Found(DamagedSummary(user, row.error().text));
  if (!row->has_value()) return Found();
  const auto session = envelope::DecodeSession(**row);
  if (!session) return Found(DamagedSummary(user, session.error().text));
  return Found(SummaryOf(*session, now_ms));
}

}  // namespace lyceum::shard
