// Bugs that a simulation plants on purpose, to show that its checks find them. None of them is in
// the programs: each is a door, a core or a replay that does the wrong thing.
#pragma once

#include <optional>
#include <string_view>

namespace lyceum::simulation {

enum class Bug {
  kNone,
  kSentBeforeNoted,        // A message leaves before the flight page knows of it.
  kPositionAheadOfRows,    // A checkpoint has the position of now and some rows of before.
  kDurableTooEarly,        // A session counts as durable, and is dropped, before it is written.
  kNoTimerIndex,           // Timers are in no index.
  kCoversUnconfirmed,      // A checkpoint covers messages that the server has not.
  kIdsFromCounter,         // Ids count what this process has made.
  kReplayIgnoresBurials,   // A replay folds what was buried.
  kOldBehaviourForgotten,  // What lies before a barrier is folded as what lies behind it.
  kAnnouncedTooEarly,      // An owner announces as confirmed what it has folded.
  kLeaseOverwritten,  // A lease that is there is written again, and both think that they have it.
  kSnapshotAheadOfRows,  // A snapshot has the position of now and the rows of before.
  kStandbySends,         // A standby sends what its folding puts out.
  kGoesOnFenced,  // An owner does not see that nobody hears it, nor that another has its partitions.
};

struct NamedBug {
  Bug bug;
  std::string_view name;
  uint64_t from =
      1;  // Where a test begins: the seeds before it do not meet it, and take their time.
};
inline constexpr NamedBug kBugs[] = {
    {Bug::kSentBeforeNoted, "sent-before-noted"},
    {Bug::kPositionAheadOfRows, "position-ahead-of-rows"},
    {Bug::kDurableTooEarly, "durable-too-early"},
    {Bug::kNoTimerIndex, "no-timer-index"},
    {Bug::kCoversUnconfirmed, "covers-unconfirmed"},
    {Bug::kIdsFromCounter, "ids-from-counter"},
    {Bug::kReplayIgnoresBurials, "replay-ignores-burials"},
    {Bug::kOldBehaviourForgotten, "old-behaviour-forgotten"},
    {Bug::kAnnouncedTooEarly, "announced-too-early", 105},
    {Bug::kLeaseOverwritten, "lease-overwritten", 31},
    {Bug::kSnapshotAheadOfRows, "snapshot-ahead-of-rows"},
    {Bug::kStandbySends, "standby-sends"},
    {Bug::kGoesOnFenced, "goes-on-fenced"},
};
inline std::optional<Bug> BugOf(std::string_view name) {
  for (const NamedBug& known : kBugs) {
    if (known.name == name) return known.bug;
  }
  return std::nullopt;
}

}  // namespace lyceum::simulation
