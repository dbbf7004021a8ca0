// lyceum dlq: the records that could not be folded in.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/time_text.h"
#include "cli/cli.h"
#include "cli/dead_letters.h"
#include "cli/learner_records.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownMax = 4096;

Json ToObject(uint64_t sequence, const envelope::DeadLetter& letter, size_t record_bytes) {
  Json json{{"dlq_sequence", sequence},       {"partition", letter.partition},
            {"sequence", letter.sequence},    {"subject", Plain(letter.subject)},
            {"reason", Plain(letter.reason)}, {"text", Plain(letter.text)},
            {"count", letter.count},          {"at", TimeText(letter.at_ms)},
            {"record_bytes", record_bytes}};
  if (letter.cut) json["cut"] = true;  // Only the beginning of the record is there.
  return json;
}

void PrintLine(const Common& common, uint64_t sequence, const DeadLetterSeen& seen) {
  const envelope::DeadLetter& letter = seen.letter;
  if (!seen.unreadable.empty()) {
    std::cerr << sequence << ": not a dead letter: " << seen.unreadable << "\n";
  } else if (common.json) {
    std::cout << ToObject(sequence, letter, seen.record_bytes).dump() << "\n";
  } else {
    std::cout << sequence << "  " << TimeText(letter.at_ms) << "  " << PlainLine(letter.reason, 32)
              << "  " << PlainLine(letter.subject, 200) << " #" << letter.sequence
              << (letter.cut ? "  (cut)  " : "  ") << PlainLine(letter.text, 200) << "\n";
  }
}

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char c : bytes.substr(0, kShownMax)) {
    text += kDigits[c >> 4];
    text += kDigits[c & 15];
  }
  return bytes.size() > kShownMax ? text + "…" : text;
}

struct Opened {
  std::shared_ptr<wire::Connection> connection;
  wire::StreamInfo info;
};

// Empty: an exit code was set.
std::optional<Opened> OpenStream(const Common& common, int* code) {
  auto connection = Connect(common);
  if (!connection) {
    *code = FailUsage(connection.error());
    return std::nullopt;
  }
  const std::string stream = common.subjects().DeadLetterStream();
  auto info = wire::GetStream(**connection, stream);
  if (!info) {
    *code = Fail(info.error());
    return std::nullopt;
  }
  if (!*info) {
    *code = Fail(kNo, "the stream " + stream + " is not there: run `lyceum init`");
    return std::nullopt;
  }
  return Opened{*connection, **info};
}

Result<envelope::DeadLetter> GetDeadLetter(const Opened& opened, uint64_t sequence) {
  auto stored = wire::GetMessage(*opened.connection, opened.info.config.name, sequence);
  if (!stored) return stored.error();
  if (!*stored) return Reject("there is no dead letter " + std::to_string(sequence));
  return envelope::DecodeDeadLetter((*stored)->data);
}

void ShowLetter(const Common& common, uint64_t sequence, const envelope::DeadLetter& letter) {
  Json json = ToObject(sequence, letter, letter.record.size());
  auto record = envelope::ToJson("Event", letter.record);
  Json event = record ? Json::parse(*record, nullptr, false) : Json(Json::value_t::discarded);
  if (event.is_discarded()) {
    json["record_hex"] = Hex(letter.record);
  } else {
    json["record"] = std::move(event);
  }
  std::cout << (common.json ? json.dump() : Plain(json.dump(2))) << "\n";
}

// What the flags name: one by its number, or what the filters take, as it is in the stream now.
struct Chosen {
  std::vector<uint64_t> sequences;
  bool more = false;
};
Result<Chosen> Choose(const Opened& opened, const DeadLetterFilter& filter,
                      const DeadLetterOptions& options, bool newest) {
  if (options.sequence != 0) return Chosen{{options.sequence}, false};
  const auto limit = static_cast<size_t>(options.limit);
  auto found = FindDeadLetters(*opened.connection, opened.info, filter, limit, newest);
  if (!found) return found.error();
  Chosen chosen{{}, found->more};
  for (const auto& [sequence, seen] : found->letters) chosen.sequences.push_back(sequence);
  return chosen;
}

int PrintFound(const Common& common, const Opened& opened, const DeadLetterFilter& filter,
               const DeadLetterOptions& options, bool newest) {
  const auto limit = static_cast<size_t>(options.limit);
  const auto found = FindDeadLetters(*opened.connection, opened.info, filter, limit, newest);
  if (!found) return Fail(found.error());
  for (const auto& [sequence, seen] : found->letters) PrintLine(common, sequence, seen);
  std::cout.flush();
  if (found->letters.empty()) {
    std::cerr << (filter.names_some() ? "no such dead letters\n" : "no dead letters\n");
  }
  return kDone;
}

// The record goes into the log again. False: it cannot; why was said.
Result<bool> RetryOne(const Common& common, const Opened& opened, uint64_t sequence) {
  const auto letter = GetDeadLetter(opened, sequence);
  if (!letter && letter.error().fault == Fault::kRetry) return letter.error();
  const envelope::Subjects subjects = common.subjects();
  const std::string why_not = letter ? WhyNotAgain(subjects, *letter) : letter.error().text;
  if (!why_not.empty()) {
    std::cerr << "dead letter " << sequence << ": " << PlainLine(why_not, 300) << "\n";
    return false;
  }
  const auto acked = PublishAgain(*opened.connection, subjects, *letter);
  if (!acked) return acked.error();
  if (common.json) {
    std::cout << Json{{"dlq_sequence", sequence},
                      {"subject", Plain(letter->subject)},
                      {"sequence", acked->sequence},
                      {"duplicate", acked->duplicate}}
                     .dump()
              << "\n";
  } else {
    std::cout << "dead letter " << sequence << ": record " << acked->sequence << " of "
              << PlainLine(letter->subject, 200)
              << (acked->duplicate ? ", published a moment ago\n" : "\n");
  }
  return true;
}

std::string CountText(size_t count) {
  return std::to_string(count) + (count == 1 ? " dead letter" : " dead letters");
}

}  // namespace

int RunDeadLetterList(const Common& common, const DeadLetterOptions& options) {
  const auto filter = DeadLetterFilter::Of(options, common.subjects(), UnixMs());
  if (!filter) return Fail(kUsage, filter.error().text);
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  return opened ? PrintFound(common, *opened, *filter, options, true) : code;
}

int RunDeadLetterShow(const Common& common, const DeadLetterOptions& options) {
  const auto filter = DeadLetterFilter::Of(options, common.subjects(), UnixMs());
  if (!filter) return Fail(kUsage, filter.error().text);
  if ((options.sequence != 0) == filter->names_some()) {
    return Fail(kUsage, "give the number of a dead letter, or filters");
  }
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  if (!opened) return code;
  const auto chosen = Choose(*opened, *filter, options, true);
  if (!chosen) return Fail(chosen.error());
  for (const uint64_t sequence : chosen->sequences) {
    const auto letter = GetDeadLetter(*opened, sequence);
    if (!letter) return Fail(letter.error());
    ShowLetter(common, sequence, *letter);
  }
  std::cout.flush();
  return chosen->sequences.empty() ? Fail(kNo, "no such dead letters") : kDone;
}

int RunDeadLetterRetry(const Common& common, const DeadLetterOptions& options) {
  const auto filter = DeadLetterFilter::Of(options, common.subjects(), UnixMs());
  if (!filter) return Fail(kUsage, filter.error().text);
  if ((options.sequence != 0) == options.all_matching ||
      (options.sequence != 0 && filter->names_some())) {
    return Fail(kUsage, "give the number of a dead letter, or --all-matching with filters");
  }
  if (options.all_matching && !filter->names_some()) {
    return Fail(kUsage, "--all-matching needs a filter: --older 0s takes all");
  }
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  if (!opened) return code;
  if (options.all_matching && !options.yes) {
    if (code = PrintFound(common, *opened, *filter, options, false); code != kDone) return code;
    return Fail(kNo, "nothing was published: these would be, with --yes");
  }
  const auto chosen = Choose(*opened, *filter, options, false);
  if (!chosen) return Fail(chosen.error());
  size_t again = 0;
  for (const uint64_t sequence : chosen->sequences) {
    const auto done = RetryOne(common, *opened, sequence);
    if (!done) return Fail(done.error());
    again += *done ? 1 : 0;
  }
  std::cout.flush();
  if (chosen->more) std::cerr << "there are more of them: --limit was reached\n";
  if (chosen->sequences.empty()) return Fail(kNo, "no such dead letters");
  return again == chosen->sequences.size()
             ? kDone
             : Fail(kNo, "not published again: " + CountText(chosen->sequences.size() - again));
}

int RunDeadLetterPurge(const Common& common, const DeadLetterOptions& options) {
  const auto filter = DeadLetterFilter::Of(options, common.subjects(), UnixMs());
  if (!filter) return Fail(kUsage, filter.error().text);
  if ((options.sequence != 0) == filter->names_some()) {
    return Fail(kUsage, "give the number of a dead letter, or filters: --older 0s takes all");
  }
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  if (!opened) return code;
  const std::string& stream = opened->info.config.name;
  if (!options.yes) {
    if (options.sequence == 0) {
      if (code = PrintFound(common, *opened, *filter, options, false); code != kDone) return code;
    }
    return Fail(kNo, "nothing was deleted: --yes does it");
  }
  const auto chosen = Choose(*opened, *filter, options, false);
  if (!chosen) return Fail(chosen.error());
  size_t erased = 0;
  for (const uint64_t sequence : chosen->sequences) {
    const auto done = EraseMessage(*opened->connection, stream, sequence);
    if (!done) return Fail(done.error());
    erased += *done ? 1 : 0;
  }
  if (common.json) {
    std::cout << Json{{"purged", erased}}.dump() << std::endl;
  } else {
    std::cout << CountText(erased) << " deleted" << std::endl;
  }
  if (chosen->more) std::cerr << "there are more of them: --limit was reached\n";
  return erased == 0 ? Fail(kNo, "no such dead letters") : kDone;
}

}  // namespace lyceum::cli
