// What leaves because of a record, where the record, its position and the session alone decide it.
//
// Pure: the same input gives the same bytes (law 2). A partition sends these; the golden logs of
// tests/golden hold them to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "envelope/dead_letters.h"
#include "envelope/subjects.h"
#include "shard/fold.h"
#include "tutor/effect.h"
#include "tutor/session.h"

namespace lyceum::shard {

// How a session's journal keeps its messages: as the first of its clients reads them.
tutor::Encoding KeptEncoding(const tutor::Session& session);

// EncodeToolRequestBase of a call that is pending in the session.
std::string ToolRequestBase(const envelope::Subjects& subjects, const tutor::Session& session,
                            const tutor::Call& call, tutor::ToolArgs args, std::string_view trace);

// The payload of the record that a due timer becomes.
std::string TimerRecord(const tutor::Timer& timer);

// Who is told of a refused record: where it is a learner's, all clients of the session that its
// subject names; and its sender, where that can be read. `session`: null where there is none, or it
// cannot be read.
std::vector<tutor::AttachedClient> RefusalReaders(const Refused& refused,
                                                  const tutor::Session* session);

// What they are told. n is 0: a refusal is not part of the session, whose numbers stay dense.
tutor::ClientMessage RefusalMessage(const tutor::LogPosition& position, const Refused& refused,
                                    const tutor::Session* session);

// A refused record as it goes to the dead letters.
envelope::DeadLetter DeadLetterOf(uint32_t partition, const Record& record, const Refused& refused);

}  // namespace lyceum::shard
