// lyceum export: all there is of a learner, a JSON object a line.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/time_text.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/learner_records.h"
#include "envelope/limits.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

// Of standard output, or of a file that nobody else may read. A file that is there is not written over.
class Out {
 public:
  static Result<Out> Open(const std::string& path) {
    if (path.empty() || path == "-") return Out(-1, path);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return Reject(path + ": " + std::generic_category().message(errno));
    return Out(file, path);
  }
  Out(Out&& other) noexcept
      : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}
  ~Out() {
    if (file_ >= 0) close(file_);
  }
  void Add(const Json& line) {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (file_ < 0) {
      std::cout << text;
      return;
    }
    for (size_t done = 0; done < text.size() && error_ == 0;) {
      const ssize_t written = write(file_, text.data() + done, text.size() - done);
      if (written < 0 && errno != EINTR) error_ = errno;
      done += written > 0 ? static_cast<size_t>(written) : 0;
    }
  }
  Result<void> Finish() {
    if (file_ < 0) std::cout.flush();
    if (file_ >= 0 && error_ == 0 && fsync(file_) != 0) error_ = errno;
    if (error_ == 0) return {};
    return Reject(path_ + ": " + std::generic_category().message(error_));
  }

 private:
  Out(int file, std::string path) : file_(file), path_(std::move(path)) {}
  int file_;
  std::string path_;
  int error_ = 0;
};

std::string HexText(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char c : bytes) {
    text += kDigits[c >> 4];
    text += kDigits[c & 15];
  }
  return text;
}

// What a record says, or its bytes where nobody can read them.
void AddEvent(const std::string& data, Json* line) {
  const auto text = envelope::ToJson("Event", data);
  Json event = text ? Json::parse(*text, nullptr, false) : Json(Json::value_t::discarded);
  if (event.is_discarded()) {
    (*line)["bytes_hex"] = HexText(data);
  } else {
    (*line)["event"] = std::move(event);
  }
}

void AddSession(const envelope::SessionView& view, Out* out, uint64_t* lines) {
  Json session = Json::parse(view.json, nullptr, false);
  if (!session.is_object()) return;
  const Json history = session.value("history", Json::array());
  session.erase("history");
  if (view.cut) session["history_cut"] = true;
  out->Add({{"kind", "session"}, {"session", std::move(session)}});
  ++*lines;
  for (const Json& entry : history) {
    out->Add({{"kind", "history"}, {"entry", entry}});
    ++*lines;
  }
}

}  // namespace

int RunExport(const Common& common, const ExportOptions& options) {
  const Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  // Before the file is made: an answer that does not come leaves none.
  const auto view = AskView(**connection, subjects, *user, {.history_max = envelope::kHistoryMax},
                            In(std::chrono::seconds(options.timeout_s)));
  const bool unreadable = !view && view.error().fault == Fault::kReject;
  if (!view && !unreadable) return Fail(view.error());
  auto out = Out::Open(options.out);
  if (!out) return FailUsage(out.error());
  uint64_t lines = 0, records = 0, letters = 0;
  out->Add(
      {{"kind", "learner"}, {"user", user->value}, {"partition", subjects.PartitionOf(*user)}});
  if (view && view->found) AddSession(*view, &*out, &lines);
  if (unreadable) {
    std::cerr << view.error().text << "\n";
    out->Add({{"kind", "session"}, {"damaged", view.error().text}});
  }
  auto read = ReadRecordsOf(**connection, subjects, *user,
                            [&](uint32_t, const wire::StoredMessage& stored) {
                              Json line{{"kind", "record"},
                                        {"sequence", stored.sequence},
                                        {"at", TimeText(stored.time_ms)},
                                        {"subject", stored.subject}};
                              AddEvent(stored.data, &line);
                              out->Add(line);
                              ++records;
                            });
  if (!read) return Fail(read.error());
  read = ReadDeadLettersOf(
      **connection, subjects, *user,
      [&](const wire::StoredMessage& stored, const envelope::DeadLetter& letter) {
        Json line{{"kind", "dead_letter"},       {"dlq_sequence", stored.sequence},
                  {"sequence", letter.sequence}, {"at", TimeText(letter.at_ms)},
                  {"subject", letter.subject},   {"reason", letter.reason},
                  {"text", letter.text}};
        if (letter.cut) line["cut"] = true;
        AddEvent(letter.record, &line);
        out->Add(line);
        ++letters;
      });
  if (!read) return Fail(read.error());
  if (const auto written = out->Finish(); !written) return FailUsage(written.error());
  if (lines + records + letters == 0 && !unreadable) {
    return Fail(kNo, "there is nothing of " + user->value);
  }
  std::cerr << records << " records, " << letters << " dead letters, "
            << (lines == 0
                    ? "no session"
                    : "a session with " + std::to_string(lines - 1) + " entries of its history")
            << "\n";
  return kDone;
}

}  // namespace lyceum::cli
