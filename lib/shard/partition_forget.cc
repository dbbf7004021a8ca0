// A record that says whom to forget, by a digest: every worker that folds it erases that learner there, and nobody has
// to know a name to do so.
//
//   asked    the sessions are gone through, those that changed in memory first, then all of the store, some a turn of
//            the loop; the reader is gone, so none comes meanwhile
//   found    the log is read again from that record on, and it is folded: the session leaves memory with its journal, its
//            call, timers, dead letters and what was asked for again; its rows leave the store with the next checkpoint
//
// That takes as long as reading the sessions of the partition once: the log has digests alone, and no index of them is
// kept for a thing as rare. Records of the learner that come later begin a new session, as those of anybody.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

constexpr size_t kUsersAtOnce = 200;
constexpr size_t kTimersAtOnce = 1'000;

}  // namespace

// False: it is not folded yet.
bool Partition::OnForget(const Record& record, std::string_view digest) {
  const auto encoding = envelope::EncodingOf(record.content_type, record.data);
  if (const auto forget = context_->decoder->DecodeForget(record.data, encoding); !forget) {
    Refuse(record, {}, {.reason = Refusal::kUndecodable, .text = forget.error().text}, nullptr);
    return true;
  }
  if (!forgetting_ || forgetting_->sequence != record.sequence) {
    forgetting_.emplace();
    forgetting_->sequence = record.sequence;
    forgetting_->digest = std::string(digest);
    FindInMemory();
  }
  if (!forgetting_->done) {
    reader_.reset();
    return false;
  }
  const Forgetting found = *std::exchange(forgetting_, std::nullopt);
  const auto is_one = [&](std::string_view user) { return ForgetDigest(user) == found.digest; };
  std::string user = found.user;
  if (const auto filed = dead_letters_.Forget(is_one); user.empty() && filed) user = *filed;
  LogInfo("a learner is forgotten",
          {{"partition", id_}, {"sequence", record.sequence}, {"found", !user.empty()}});
  forgotten_ = record.sequence;
  if (context_->forgotten) context_->forgotten(id_, position_.lineage, record.sequence);
  return user.empty() || EraseSession(user);
}

// What is in the store is found there.
void Partition::FindInMemory() {
  context_->sessions->ForEach(id_, [this](SessionEntry* entry) {
    if (entry->generation == 0 || forgetting_->done) return;
    const std::string& user = entry->user().value;
    if (ForgetDigest(user) != forgetting_->digest) return;
    forgetting_->user = user;
    forgetting_->done = true;
  });
}

void Partition::LookForForgotten() {
  Forgetting& wanted = *forgetting_;
  const auto users = context_->store->GetUsers(id_, wanted.after, kUsersAtOnce);
  if (!users) return TryAgain(users.error());
  for (const std::string& user : *users) {
    if (ForgetDigest(user) == wanted.digest) wanted.user = user;
  }
  wanted.done = !wanted.user.empty() || users->size() < kUsersAtOnce;
  if (!users->empty()) wanted.after = users->back();
}

// False: the store could not be read.
bool Partition::EraseSession(const std::string& user) {
  if (rebuilding_ && rebuilding_->user.value == user) {
    AbortRebuild(Reject("the learner is forgotten"));
  }
  const Result<SessionEntry*> loaded = context_->sessions->Load(id_, user);
  if (!loaded) {
    TryAgain(loaded.error());
    return false;
  }
  std::vector<int64_t> timers;
  SessionEntry* const entry = *loaded;
  if (entry != nullptr && !entry->damaged.empty()) {
    const auto found = TimersOf(user);
    if (!found) {
      TryAgain(found.error());
      return false;
    }
    timers = *found;
  }
  resends_->Drop(id_, user);
  locked_.erase(user);
  if (entry == nullptr) {
    checkpointer_.Erase(user, timers);
    return true;
  }
  for (const tutor::Timer& timer : entry->session->timers) firing_.erase(timer.token);
  if (const auto* lock = std::get_if<tutor::AwaitingToolResult>(&entry->session->state)) {
    context_->dispatcher->End(lock->call.id, true);
  }
  checkpointer_.Erase(entry, std::move(timers));
  return true;
}

// Of a session that cannot be read: by all timers of the partition.
Result<std::vector<int64_t>> Partition::TimersOf(const std::string& user) const {
  std::vector<int64_t> timers;
  std::optional<store::TimerRow> after;
  for (;;) {
    const auto rows = context_->store->GetTimers(id_, INT64_MAX, after, kTimersAtOnce);
    if (!rows) return rows.error();
    for (const store::TimerRow& row : *rows) {
      if (row.user == user) timers.push_back(row.due_ms);
    }
    if (rows->size() < kTimersAtOnce) return timers;
    after = rows->back();
  }
}

}  // namespace lyceum::shard
