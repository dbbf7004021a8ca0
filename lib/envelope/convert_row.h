// Rows <-> values where more than one kind of row holds them. Private to this library.
#pragma once

#include "lyceum/v1/record.pb.h"
#include "tutor/call.h"

namespace lyceum::envelope {

void WriteRow(const tutor::HistoryEntry& entry, v1::HistoryRow* out);
tutor::HistoryEntry ReadRow(const v1::HistoryRow& in);

}  // namespace lyceum::envelope
