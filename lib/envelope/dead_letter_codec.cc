#include "base/check.h"
#include "envelope/convert.h"
#include "envelope/dead_letters.h"
#include "envelope/field_out.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kPayloadBytesMin = 64 * 1024;
constexpr size_t kSubjectBytesMax = 4 * 1024;
constexpr size_t kTextBytesMax = 4 * 1024;
// All that is not the record, with the tags and sizes of both: less than this.
constexpr size_t kRestBytesMax = 12 * 1024;
static_assert(kPayloadBytesMin > kDeadLetterHeadroom + kRestBytesMax);
static_assert(kRestBytesMax > kSubjectBytesMax + kTextBytesMax + 1024);

// A subject may be any bytes: what is not UTF-8 would make the whole dead letter unreadable.
std::string Readable(std::string_view text, size_t bytes_max) {
  std::string readable(CutUtf8(text, bytes_max));
  if (IsUtf8(readable)) return readable;
  for (char& c : readable) {
    if (static_cast<signed char>(c) < 0) c = '?';
  }
  return readable;
}

}  // namespace

std::string EncodeDeadLetter(const DeadLetter& letter, size_t payload_bytes_max) {
  CHECK(payload_bytes_max >= kPayloadBytesMin);
  const size_t record_bytes_max = payload_bytes_max - kDeadLetterHeadroom - kRestBytesMax;
  const bool too_long = letter.record.size() > record_bytes_max;
  std::string text = Readable(letter.text, kTextBytesMax);
  if (too_long) {
    text += " (the record is cut to its first " + std::to_string(record_bytes_max) + " of " +
            std::to_string(letter.record.size()) + " bytes)";
  }
  std::string bytes;
  ProtoOut out(&bytes);
  out.Number(1, "partition", letter.partition);
  out.Long(2, "sequence", letter.sequence);
  out.Text(3, "subject", Readable(letter.subject, kSubjectBytesMax));
  out.Text(4, "reason", Readable(letter.reason, kIdBytesMax));
  out.Text(5, "text", text);
  out.Number(6, "count", letter.count);
  if (letter.at_ms != 0) out.Time(7, "at", letter.at_ms);
  out.Text(8, "record", std::string_view(letter.record).substr(0, record_bytes_max));
  out.Bool(9, "cut", letter.cut || too_long);
  return bytes;
}

Result<DeadLetter> DecodeDeadLetter(std::string_view data) {
  v1::DeadLetter in;
  if (auto parsed = ParseMessage(data, EncodingOf({}, data), &in); !parsed) return parsed.error();
  Reader reader;
  DeadLetter letter;
  letter.partition = in.partition();
  letter.sequence = in.sequence();
  letter.subject = in.subject();
  letter.reason = in.reason();
  letter.text = in.text();
  letter.count = in.count();
  letter.at_ms = reader.TimeMs("at", in.has_at(), in.at());
  letter.record = in.record();
  letter.cut = in.cut();
  return reader.Finish(std::move(letter));
}

}  // namespace lyceum::envelope
