#include "llm/ledger_lines.h"

#include <fmt/format.h>

#include <charconv>

#include "base/check.h"
#include "base/hash.h"

namespace lyceum::llm {
namespace {

constexpr std::string_view kHead = "lyceum-ledger 1";
constexpr std::string_view kNobody = ".";
constexpr size_t kWordsMax = 7;
constexpr size_t kHashDigits = 8;

std::string Sealed(const std::string& text) {
  return fmt::format("{} {:08x}\n", text, Fnv1a32(text));
}

// The text of a line whose hash is right.
std::optional<std::string_view> Unsealed(std::string_view line) {
  if (line.size() < kHashDigits + 1) return std::nullopt;
  const std::string_view text = line.substr(0, line.size() - kHashDigits - 1);
  if (line.substr(text.size()) != fmt::format(" {:08x}", Fnv1a32(text))) return std::nullopt;
  return text;
}

std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() <= kWordsMax) {
    const size_t end = text.find(' ');
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

template <class T>
bool ReadNumbers(const std::vector<std::string_view>& words, size_t at, T* target) {
  const std::string_view word = words[at];
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *target);
  return error == std::errc() && end == word.data() + word.size();
}
template <class T, class... More>
bool ReadNumbers(const std::vector<std::string_view>& words, size_t at, T* target, More*... more) {
  return ReadNumbers(words, at, target) && ReadNumbers(words, at + 1, more...);
}

// A name that would break its line in two, or be two words, is not written as it is.
std::string AsWord(const std::string& name) {
  std::string word = name.empty() ? std::string(kNobody) : name;
  for (char& c : word) {
    if (c <= ' ' || c > '~') c = '?';
  }
  return word;
}

std::string DayLine(const LedgerRow& row) {
  return Sealed(fmt::format("d {} {} {} {} {} {}", row.day, AsWord(row.provider), row.requests,
                            row.unknown, row.input_tokens, row.output_tokens));
}

std::string BeginLine(uint64_t number, const LedgerRequest& request) {
  return Sealed(fmt::format("r {} {} {} {} {} {}", number, request.day, AsWord(request.provider),
                            request.reserve.input_tokens, request.reserve.output_tokens,
                            AsWord(request.user)));
}

void AddTo(LedgerRow* row, const Usage& cost, bool unknown) {
  ++row->requests;
  row->unknown += unknown ? 1 : 0;
  row->input_tokens += cost.input_tokens;
  row->output_tokens += cost.output_tokens;
}

uint64_t TokensOf(const Usage& usage) {
  return uint64_t{usage.input_tokens} + uint64_t{usage.output_tokens};
}

}  // namespace

std::string LedgerAccounts::Begin(uint64_t number, const LedgerRequest& request) {
  CHECK(number >= next_number_);
  next_number_ = number + 1;
  TurnTo(request.day);
  open_[number] = request;
  return BeginLine(number, request);
}

std::string LedgerAccounts::End(uint64_t number, const Usage& cost, bool unknown) {
  const auto found = open_.find(number);
  CHECK(found != open_.end());
  Add(found->second, cost, unknown);
  open_.erase(found);
  return Sealed(
      fmt::format("s {} {} {} {}", number, cost.input_tokens, cost.output_tokens, unknown ? 1 : 0));
}

void LedgerAccounts::Drop(uint64_t number) { open_.erase(number); }

bool LedgerAccounts::Apply(std::string_view line) {
  const std::optional<std::string_view> text = Unsealed(line);
  if (!text) return false;
  if (!headed_) return headed_ = *text == kHead;
  return ApplyWords(WordsOf(*text));
}

bool LedgerAccounts::ApplyWords(const std::vector<std::string_view>& words) {
  const std::string_view kind = words[0];
  if (kind == "d" && words.size() == 7) {
    LedgerRow row;
    row.provider = words[2];
    if (!ReadNumbers(words, 1, &row.day) || !ReadNumbers(words, 3, &row.requests, &row.unknown,
                                                         &row.input_tokens, &row.output_tokens)) {
      return false;
    }
    TurnTo(row.day);
    settled_[{row.day, row.provider}] = row;
    return settled_.size() <= kRowsMax;
  }
  if (kind == "u" && words.size() == 4) {
    int64_t day = 0;
    uint64_t tokens = 0;
    if (!ReadNumbers(words, 1, &day) || !ReadNumbers(words, 3, &tokens)) return false;
    AddUser(day, std::string(words[2]), tokens);
    return true;
  }
  uint64_t number = 0;
  if (kind == "r" && words.size() == 7) {
    LedgerRequest request;
    request.provider = words[3];
    if (words[6] != kNobody) request.user = words[6];
    if (!ReadNumbers(words, 1, &number, &request.day) ||
        !ReadNumbers(words, 4, &request.reserve.input_tokens, &request.reserve.output_tokens) ||
        number < next_number_) {
      return false;
    }
    Begin(number, request);
    return true;
  }
  if (kind == "s" && words.size() == 5) {
    Usage cost;
    int unknown = 0;
    if (!ReadNumbers(words, 1, &number, &cost.input_tokens, &cost.output_tokens, &unknown) ||
        open_.count(number) == 0) {
      return false;
    }
    End(number, cost, unknown != 0);
    return true;
  }
  return false;
}

void LedgerAccounts::CloseAll() {
  while (!open_.empty()) {
    const Usage reserve = open_.begin()->second.reserve;  // It goes with the request.
    End(open_.begin()->first, reserve, true);
  }
}

void LedgerAccounts::Add(const LedgerRequest& request, const Usage& cost, bool unknown) {
  LedgerRow& row = settled_[{request.day, request.provider}];
  row.day = request.day;
  row.provider = request.provider;
  AddTo(&row, cost, unknown);
  if (settled_.size() > kRowsMax) settled_.erase(settled_.begin());
  if (!request.user.empty()) AddUser(request.day, request.user, TokensOf(cost));
}

void LedgerAccounts::AddUser(int64_t day, const std::string& user, uint64_t tokens) {
  TurnTo(day);
  if (day != newest_day_) return;
  if (users_.size() >= kUsersMax && users_.count(user) == 0) return;
  users_[user] += tokens;
}

void LedgerAccounts::TurnTo(int64_t day) {
  if (day <= newest_day_) return;
  newest_day_ = day;
  users_.clear();
}

std::string LedgerAccounts::Lines() const {
  std::string lines = Sealed(std::string(kHead));
  for (const auto& [key, row] : settled_) lines += DayLine(row);
  for (const auto& [user, tokens] : users_) {
    lines += Sealed(fmt::format("u {} {} {}", newest_day_, AsWord(user), tokens));
  }
  for (const auto& [number, request] : open_) lines += BeginLine(number, request);
  return lines;
}

std::vector<LedgerRow> LedgerAccounts::rows() const {
  std::map<Key, LedgerRow> all = settled_;
  for (const auto& [number, request] : open_) {
    LedgerRow& row = all[{request.day, request.provider}];
    row.day = request.day;
    row.provider = request.provider;
    AddTo(&row, request.reserve, true);
  }
  std::vector<LedgerRow> rows;
  for (auto& [key, row] : all) rows.push_back(std::move(row));
  return rows;
}

std::map<std::string, uint64_t> LedgerAccounts::users() const {
  std::map<std::string, uint64_t> users = users_;
  for (const auto& [number, request] : open_) {
    if (request.day == newest_day_ && !request.user.empty()) {
      users[request.user] += TokensOf(request.reserve);
    }
  }
  return users;
}

}  // namespace lyceum::llm
