#include "llm/budget.h"

#include "base/check.h"

namespace lyceum::llm {
namespace {

constexpr int64_t kDayMs = 86'400'000;

// How many of the oldest are looked at for one without a reservation.
constexpr size_t kLookedAtMax = 1024;

}  // namespace

std::optional<Budget::Reservation> Budget::Reserve(const std::string& user, uint64_t tokens,
                                                   int64_t unix_ms) {
  const Reservation reservation{user, unix_ms / kDayMs, tokens};
  if (tokens_per_day_ == 0) return reservation;
  const auto found = places_.find(user);
  if (found == places_.end()) {
    if (tokens > tokens_per_day_ || (users_.size() >= users_max_ && !MakeRoom())) {
      return std::nullopt;
    }
    users_.push_front({user, reservation.day, 0, tokens, 1});
    places_[user] = users_.begin();
    return reservation;
  }
  users_.splice(users_.begin(), users_, found->second);
  Entry& entry = *found->second;
  if (entry.day < reservation.day) {
    entry.day = reservation.day;
    entry.used = 0;
  }
  const uint64_t taken = entry.used + entry.reserved;
  if (taken > tokens_per_day_ || tokens > tokens_per_day_ - taken) return std::nullopt;
  entry.reserved += tokens;
  ++entry.reservations;
  return reservation;
}

void Budget::Settle(const Reservation& reservation, uint64_t tokens_used) {
  if (tokens_per_day_ == 0) return;
  const auto found = places_.find(reservation.user);
  CHECK(found != places_.end());  // It has a reservation.
  Entry& entry = *found->second;
  CHECK(entry.reservations > 0 && entry.reserved >= reservation.tokens);
  entry.reserved -= reservation.tokens;
  --entry.reservations;
  if (entry.day == reservation.day) entry.used += tokens_used;
}

void Budget::Remember(const std::string& user, int64_t day, uint64_t tokens_used) {
  if (tokens_per_day_ == 0 || users_.size() >= users_max_) return;
  CHECK(places_.count(user) == 0);
  users_.push_front({user, day, tokens_used, 0, 0});
  places_[user] = users_.begin();
}

bool Budget::MakeRoom() {
  auto entry = users_.end();
  for (size_t i = 0; i < kLookedAtMax && entry != users_.begin(); ++i) {
    --entry;
    if (entry->reservations > 0) continue;
    places_.erase(entry->user);
    users_.erase(entry);
    return true;
  }
  return false;
}

}  // namespace lyceum::llm
