// Dead letters: records that were refused, with the reason.
#include "envelope/convert.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {
namespace {

// The record and what is said of it have to fit into one NATS message.
constexpr size_t kRecordBytesMax = 1000 * 1024;

}  // namespace

std::string EncodeDeadLetter(const DeadLetter& letter) {
  v1::DeadLetter out;
  out.set_partition(letter.partition);
  out.set_sequence(letter.sequence);
  out.set_subject(letter.subject);
  out.set_reason(letter.reason);
  const bool whole = letter.record.size() <= kRecordBytesMax;
  out.set_text(whole ? letter.text : letter.text + " (the record is cut to 1000 KiB)");
  out.set_count(letter.count);
  if (letter.at_ms != 0) WriteTime(letter.at_ms, out.mutable_at());
  out.set_record(letter.record.substr(0, kRecordBytesMax));
  return WriteMessage(out, Encoding::kProtobuf);
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
  return reader.Finish(std::move(letter));
}

}  // namespace lyceum::envelope
