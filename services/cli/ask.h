// The ways in which the command speaks to sessions and partitions: ask their owner, put an event into
// the log, command the owner.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "tutor/event.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum::cli {

// Asks until the owner answers, at most until the deadline: an owner that just takes over is
// silent. kRetry: nobody did. kReject: the session cannot be read. A view with `found` false is an
// answer.
Result<envelope::SessionView> AskView(wire::Connection& connection,
                                      const envelope::Subjects& subjects, const UserId& user,
                                      const envelope::Query& query, Deadline deadline);

// Publishes as JSON, with the same id again and again until it is acked or the deadline is over.
// kReject: it will never be taken.
Result<wire::PubAck> Deliver(wire::Connection& connection, const envelope::Subjects& subjects,
                             const UserId& user, const tutor::Event& event, Deadline deadline);

// kRetry: nobody did it in time, or it may be done later. kReject: it is not done; the text says why.
Result<envelope::PartitionReply> Command(wire::Connection& connection,
                                         const envelope::Subjects& subjects, uint32_t partition,
                                         const envelope::PartitionCommand& command,
                                         std::chrono::milliseconds patience);

// What the log would refuse is refused here: kReject names the field.
Result<void> CheckEvent(const tutor::Event& event);

}  // namespace lyceum::cli
