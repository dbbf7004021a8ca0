// lyceum sessions: which sessions there are, from the owners of their partitions.
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/age.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;
using envelope::ListSessions;
using envelope::SessionSummary;

constexpr std::chrono::seconds kPageWait{20};

// Where a list goes on: "3", or "3:ana" behind that user.
struct Cursor {
  uint32_t partition = 0;
  std::string after;
  std::string text() const {
    return std::to_string(partition) + (after.empty() ? "" : ":" + after);
  }
};

template <class Number>
bool ParseNumber(std::string_view text, Number* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size();
}

Result<Cursor> ParseCursor(const std::string& text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  const size_t colon = text.find(':');
  if (colon != std::string::npos) cursor.after = text.substr(colon + 1);
  if (!ParseNumber(std::string_view(text).substr(0, colon), &cursor.partition)) {
    return Reject("--after takes what an earlier list has said, as 3:ana");
  }
  return cursor;
}

Result<ListSessions> ListOf(const SessionsOptions& options) {
  ListSessions list;
  list.course = options.course;
  list.stuck = options.stuck;
  list.like = options.like;
  list.damaged = options.state == "damaged";
  if (!options.state.empty() && !list.damaged) {
    list.state = tutor::Parse<tutor::StateName>(options.state);
    if (!list.state) {
      std::string names = "damaged";
      for (int i = 0; i < tutor::kStateCount; ++i) {
        names += ", " + std::string(tutor::Name(static_cast<tutor::StateName>(i)));
      }
      return Reject("--state takes one of " + names);
    }
  }
  if (!options.older.empty()) {
    auto age = ParseAgeMs(options.older);
    if (!age) return age.error();
    list.inactive_since_ms = std::max<int64_t>(1, UnixMs() - *age);
  }
  return list;
}

Json ToObject(uint32_t partition, const SessionSummary& summary) {
  Json line{{"user", Plain(summary.user)}, {"partition", partition}, {"state", summary.state}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) line[name] = Plain(text);
  };
  add("lifecycle", summary.lifecycle);
  add("course", summary.course);
  add("topic", summary.topic);
  add("tool", summary.tool);
  if (summary.deadline_ms != 0) line["deadline"] = TimeText(summary.deadline_ms);
  if (summary.at_ms != 0) line["at"] = TimeText(summary.at_ms);
  if (summary.last_sequence != 0) line["last_seq"] = summary.last_sequence;
  line["stuck"] = summary.stuck;
  add("text", summary.text);
  return line;
}

class Printer {
 public:
  explicit Printer(bool as_table) : as_table_(as_table) {}
  void Add(uint32_t partition, const SessionSummary& summary) {
    if (!as_table_) {
      std::cout << ToObject(partition, summary).dump() << "\n";
      return;
    }
    const std::string waits =
        summary.tool + (summary.deadline_ms == 0 ? ""
                                                 : (summary.tool.empty() ? "until " : " until ") +
                                                       TimeText(summary.deadline_ms));
    table_.Add({summary.user, std::to_string(partition), summary.state, summary.course,
                summary.topic, summary.at_ms == 0 ? "" : TimeText(summary.at_ms),
                summary.text.empty() ? waits : summary.text, summary.stuck ? "stuck" : ""});
  }
  void End() const {
    table_.Print(std::cout);
    std::cout.flush();
  }

 private:
  const bool as_table_;
  Table table_{{{"user"},
                {"partition", true},
                {"state"},
                {"course"},
                {"topic"},
                {"last record"},
                {"waits for"},
                {""}}};
};

}  // namespace

int RunSessions(const Common& common, const SessionsOptions& options) {
  auto list = ListOf(options);
  if (!list) return Fail(kUsage, list.error().text);
  auto cursor = ParseCursor(options.after);
  if (!cursor) return Fail(kUsage, cursor.error().text);
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  Printer printer(AsTable(common, options.format));
  uint64_t left = static_cast<uint64_t>(options.limit);
  int code = kDone;
  while (left > 0 && cursor->partition < subjects.partitions()) {
    list->after = cursor->after;
    list->limit = static_cast<uint32_t>(std::min<uint64_t>(left, ListSessions::kLimitMax));
    auto page = Command(**connection, subjects, cursor->partition, *list, kPageWait);
    if (!page) {
      code = Fail(page.error());
      if (code != kAway) return code;
      *cursor = {cursor->partition + 1, ""};  // The others are there.
      continue;
    }
    for (const SessionSummary& summary : page->sessions) printer.Add(cursor->partition, summary);
    left -= std::min<uint64_t>(left, page->sessions.size());
    *cursor = page->next.empty() ? Cursor{cursor->partition + 1, ""}
                                 : Cursor{cursor->partition, page->next};
  }
  printer.End();
  if (cursor->partition < subjects.partitions()) {
    std::cerr << "there may be more: --after " << cursor->text() << std::endl;
  }
  return code;
}

}  // namespace lyceum::cli
