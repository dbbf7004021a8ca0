// Queries and the view of a session that answers them: lyceum.query.<user>.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/error_code.h"
#include "tutor/session.h"

namespace lyceum::envelope {

struct Query {
  uint32_t history_max = 100;
  bool records = false;
  uint64_t records_from = 0;
  // The next page: in the order in which they were folded. After a log lost its tail their numbers
  // do not only grow.
  uint64_t records_skip = 0;
};
std::string EncodeQuery(const Query& query);
Result<Query> DecodeQuery(std::string_view data, Encoding encoding);

// The view of a session. `session` null: not found. Of a history that does not fit into one NATS
// message the newest entries stay, of records the first ones; the view then says that it is cut.
struct ViewParts {
  const tutor::Session* session = nullptr;
  UserId user;
  uint32_t partition = 0;
  std::string owner;
  uint64_t epoch = 0;
  std::vector<tutor::HistoryEntry> history;
  std::vector<uint64_t> records;
  bool cut = false;  // There was more of either than stands here.
};
std::string EncodeSessionView(const ViewParts& parts, Encoding encoding);
std::string EncodeQueryError(tutor::ErrorCode code, const std::string& text, Encoding encoding);
// The parts of a view that a program looks at; `json` is the whole of it for people.
struct SessionView {
  bool found = false;
  std::string state;
  uint64_t applied_seq = 0;
  uint64_t first_seq = 0;
  uint64_t history_count = 0;
  uint32_t n = 0;
  std::vector<uint64_t> records;
  bool cut = false;
  std::string state_digest;
  std::string error;  // "code: text" where the query could not be answered.
  std::string json;
};
// The learner's events have to wait.
bool IsBusy(const SessionView& view);
Result<SessionView> DecodeSessionView(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
