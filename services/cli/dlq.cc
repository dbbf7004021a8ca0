// lyceum dlq: the records that could not be folded in.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownMax = 4096;
constexpr std::chrono::seconds kPatience{10};

Json ToObject(uint64_t sequence, const envelope::DeadLetter& letter) {
  Json json{{"dlq_sequence", sequence},
            {"partition", letter.partition},
            {"sequence", letter.sequence},
            {"subject", Plain(letter.subject)},
            {"reason", Plain(letter.reason)},
            {"text", Plain(letter.text)},
            {"count", letter.count},
            {"at", TimeText(letter.at_ms)},
            {"record_bytes", letter.record.size()}};
  if (letter.cut) json["cut"] = true;  // Only the beginning of the record is there.
  return json;
}

void PrintLine(const Common& common, const wire::StoredMessage& stored) {
  Result<envelope::DeadLetter> letter = envelope::DecodeDeadLetter(stored.data);
  if (!letter) {
    std::cerr << stored.sequence << ": not a dead letter: " << letter.error().text << "\n";
  } else if (common.json) {
    std::cout << ToObject(stored.sequence, *letter).dump() << "\n";
  } else {
    std::cout << stored.sequence << "  " << TimeText(letter->at_ms) << "  "
              << PlainLine(letter->reason, 32) << "  " << PlainLine(letter->subject, 200) << " #"
              << letter->sequence << (letter->cut ? "  (cut)  " : "  ")
              << PlainLine(letter->text, 200) << "\n";
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
  std::string stream;
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
  return Opened{*connection, stream, **info};
}

}  // namespace

int RunDeadLetterList(const Common& common, int64_t limit) {
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  if (!opened) return code;
  const wire::StreamInfo& info = opened->info;
  if (info.messages == 0) {
    std::cerr << "no dead letters\n";
    return kDone;
  }
  const auto wanted = static_cast<uint64_t>(limit);
  const uint64_t from = std::max(
      info.first_sequence, info.last_sequence >= wanted ? info.last_sequence - wanted + 1 : 1);
  auto reader = wire::StreamReader::Open(*opened->connection, opened->stream, "", from);
  if (!reader) return Fail(reader.error());
  for (uint64_t last = 0; last < info.last_sequence;) {
    auto message = (*reader)->Next(In(kPatience));
    if (!message) return Fail(message.error());
    if (!*message) return Fail(kAway, "the stream " + opened->stream + " went silent");
    last = (*message)->sequence;
    PrintLine(common, **message);
  }
  std::cout.flush();
  return kDone;
}

int RunDeadLetterShow(const Common& common, uint64_t sequence) {
  int code = kDone;
  const auto opened = OpenStream(common, &code);
  if (!opened) return code;
  auto stored = wire::GetMessage(*opened->connection, opened->stream, sequence);
  if (!stored) return Fail(stored.error());
  if (!*stored) return Fail(kNo, "there is no dead letter " + std::to_string(sequence));
  auto letter = envelope::DecodeDeadLetter((*stored)->data);
  if (!letter) return Fail(letter.error());
  Json json = ToObject(sequence, *letter);
  auto record = envelope::ToJson("Event", letter->record);
  Json event = record ? Json::parse(*record, nullptr, false) : Json(Json::value_t::discarded);
  if (event.is_discarded()) {
    json["record_hex"] = Hex(letter->record);
  } else {
    json["record"] = std::move(event);
  }
  std::cout << (common.json ? json.dump() : Plain(json.dump(2))) << std::endl;
  return kDone;
}

}  // namespace lyceum::cli
