// The accounts that a ledger keeps, and the lines they are made of. Pure.
//
// A line is "TEXT HASH\n", HASH the Fnv1a32 of TEXT as eight hex digits. TEXT is one of
//   lyceum-ledger 1                                the first of all, and nowhere else
//   d DAY PROVIDER REQUESTS UNKNOWN INPUT OUTPUT   what is settled of a day (UTC, days since 1970)
//   u DAY USER TOKENS                              what is settled of a user; of the newest day only
//   r NUMBER DAY PROVIDER INPUT OUTPUT USER        a request begins, and costs so much at most
//   s NUMBER INPUT OUTPUT UNKNOWN                  it has ended, and has cost so much; UNKNOWN is 1
//                                                  where the provider did not tell
// USER is "." where nobody has a budget. Numbers are decimal. Of a request without `s` the cost is
// what its `r` says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/chat.h"

namespace lyceum::llm {

// Of a provider and a day.
struct LedgerRow {
  int64_t day = 0;  // UTC, days since 1970.
  std::string provider;
  uint64_t requests = 0;
  uint64_t unknown = 0;  // Of the requests: the provider did not tell, the reserve is counted.
  uint64_t input_tokens = 0;
  uint64_t output_tokens = 0;
  bool operator==(const LedgerRow&) const = default;
};

// A request that begins.
struct LedgerRequest {
  int64_t day = 0;
  std::string provider;
  std::string user;  // Empty: no budget.
  Usage reserve;
};

class LedgerAccounts {
 public:
  static constexpr size_t kUsersMax = 65'536;  // Others are in the sums of the providers alone.
  static constexpr size_t kRowsMax = 1024;     // The oldest make room.

  // Each returns the line that says it.
  std::string Begin(uint64_t number, const LedgerRequest& request);
  // CHECK: `number` has begun, and has not ended.
  std::string End(uint64_t number, const Usage& cost, bool unknown);
  // It was not made. Without a line: none of it was written.
  void Drop(uint64_t number);

  // False: it is no line of a ledger, or does not follow from those before it. `line` has no "\n".
  bool Apply(std::string_view line);

  // Requests that have not ended count as their reserve from now on: who made them is gone.
  void CloseAll();

  // All of it as lines, to begin a file with.
  std::string Lines() const;
  // By day and provider, those that have not ended as unknown among them.
  std::vector<LedgerRow> rows() const;
  // Of the newest day, those that have not ended among them.
  std::map<std::string, uint64_t> users() const;
  int64_t newest_day() const { return newest_day_; }
  uint64_t next_number() const { return next_number_; }

 private:
  using Key = std::pair<int64_t, std::string>;  // Day and provider.
  void Add(const LedgerRequest& request, const Usage& cost, bool unknown);
  void AddUser(int64_t day, const std::string& user, uint64_t tokens);
  void TurnTo(int64_t day);
  bool ApplyWords(const std::vector<std::string_view>& words);

  bool headed_ = false;
  std::map<Key, LedgerRow> settled_;
  std::map<uint64_t, LedgerRequest> open_;
  std::map<std::string, uint64_t> users_;  // Settled, of newest_day_.
  int64_t newest_day_ = 0;
  uint64_t next_number_ = 1;
};

}  // namespace lyceum::llm
