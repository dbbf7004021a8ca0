// Budget: tokens of a user and day (UTC). Pure: time is given in.
//
// It is of this process: with several tool workers a user has as many budgets, and without a ledger
// (ledger.h) a restart begins the day anew. It keeps one user from using up an account.
// Tokens are reserved before a request and settled after it, on the day of the reservation. The
// users_max that came last are known; one who has a reservation is never forgotten. Another one who
// is forgotten begins anew.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace lyceum::llm {

class Budget {
 public:
  // 0: no budget.
  explicit Budget(uint64_t tokens_per_day, size_t users_max = 65'536)
      : tokens_per_day_(tokens_per_day), users_max_(users_max) {}

  struct Reservation {
    std::string user;
    int64_t day = 0;
    uint64_t tokens = 0;
  };
  // Nothing: they are not left today. Each must be given back, once, to Settle.
  std::optional<Reservation> Reserve(const std::string& user, uint64_t tokens, int64_t unix_ms);
  void Settle(const Reservation& reservation, uint64_t tokens_used);
  // What a user has used on a day before this began. Before any reservation.
  void Remember(const std::string& user, int64_t day, uint64_t tokens_used);

  size_t users() const { return users_.size(); }

 private:
  struct Entry {
    std::string user;
    int64_t day = 0;
    uint64_t used = 0;      // On that day.
    uint64_t reserved = 0;  // On any day.
    uint32_t reservations = 0;
  };
  bool MakeRoom();

  const uint64_t tokens_per_day_;
  const size_t users_max_;
  std::list<Entry> users_;  // Came last: first.
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace lyceum::llm
