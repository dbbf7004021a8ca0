#include "wire/last_value.h"

#include <utility>

#include "base/json_object.h"
#include "wire/js_api.h"
#include "wire/outbound_check.h"
#include "wire/pub_ack.h"

namespace lyceum::wire {
namespace {

constexpr std::chrono::milliseconds kPutLastTimeout{10'000};  // Half a MiB, to three disks.
constexpr std::chrono::milliseconds kGetLastTimeout{5'000};

}  // namespace

void GetLast(Wire& wire, const std::string& stream, const std::string& subject,
             std::function<void(Result<std::optional<OwnedRecord>>)> done) {
  GetApiMessage(wire, stream, JsonObject().Add("last_by_subj", subject).End(), kGetLastTimeout,
                [done = std::move(done)](Result<std::optional<ApiMessage>> message) {
                  if (!message) return done(message.error());
                  if (!*message) return done(std::optional<OwnedRecord>());
                  done(std::optional<OwnedRecord>(std::move((*message)->record)));
                });
}

void PutLast(Wire& wire, const std::string& subject, std::string_view data, uint64_t last,
             std::function<void(Result<std::optional<uint64_t>>)> done) {
  const std::string expected = std::to_string(last);
  const Outbound message{.subject = subject, .data = data, .expected_last = expected};
  if (auto checked = CheckOutbound(message, wire.payload_bytes_max()); !checked) {
    const Error error = checked.error();
    wire.Request({}, kPutLastTimeout, [error, done](const Result<Answer>&) { done(error); });
    return;
  }
  wire.Request(message, kPutLastTimeout,
               [subject, done = std::move(done)](const Result<Answer>& answer) {
                 if (!answer) return done(Retry("storing " + subject + ": " + answer.error().text));
                 const StreamAnswer stored = ParseStreamAnswer(answer->data, false);
                 if (stored.sequence > 0) return done(std::optional<uint64_t>(stored.sequence));
                 if (stored.code == kWrongLastSequence) return done(std::optional<uint64_t>());
                 done(Retry("storing " + subject + ": " + stored.error));
               });
}

}  // namespace lyceum::wire
