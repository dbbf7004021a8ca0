// Rows that are not the session: history, kept messages, letters.
#include "envelope/rows.h"

#include "envelope/convert.h"
#include "envelope/convert_row.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {
namespace {

Error Damaged(const Error& error) { return Fatal("a row cannot be read: " + error.text); }

}  // namespace

std::string EncodeHistoryEntry(const tutor::HistoryEntry& entry) {
  v1::HistoryRow out;
  WriteRow(entry, &out);
  return out.SerializeAsString();
}

Result<tutor::HistoryEntry> DecodeHistoryEntry(std::string_view bytes) {
  v1::HistoryRow in;
  if (auto parsed = ParseRow(bytes, &in); !parsed) return parsed.error();
  return ReadRow(in);
}

std::string EncodeKeptMessage(const UserId& user, const tutor::ClientMessage& message) {
  return EncodeClientMessage(user, message, Encoding::kProtobuf);
}

Result<KeptClientMessage> DecodeKeptMessage(std::string_view bytes) {
  v1::ClientMessage in;
  if (auto parsed = ParseRow(bytes, &in); !parsed) return parsed.error();
  Reader reader;
  auto received = Read(in, reader);
  auto checked = reader.Finish(std::move(received));
  if (!checked) return Damaged(checked.error());
  return KeptClientMessage{std::move(checked->user), std::move(checked->message)};
}

std::string EncodeLetter(const LetterRow& letter) {
  v1::Letter out;
  out.set_subject(letter.subject);
  out.set_message_id(letter.message_id);
  out.set_content_type(letter.content_type);
  out.set_trace(letter.trace);
  out.set_data(letter.data);
  return out.SerializeAsString();
}

Result<LetterRow> DecodeLetter(std::string_view bytes) {
  v1::Letter in;
  if (auto parsed = ParseRow(bytes, &in); !parsed) return parsed.error();
  return LetterRow{in.subject(), in.message_id(), in.content_type(), in.trace(), in.data()};
}

}  // namespace lyceum::envelope
