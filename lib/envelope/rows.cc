// Rows that are not the session: entries of the history.
#include "envelope/rows.h"

#include "envelope/convert_row.h"
#include "envelope/proto_io.h"

namespace lyceum::envelope {

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

}  // namespace lyceum::envelope
