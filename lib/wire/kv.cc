#include "wire/kv.h"

#include "base/json_object.h"
#include "wire/js_api.h"
#include "wire/kv_names.h"
#include "wire/outbound_check.h"
#include "wire/pub_ack.h"

namespace lyceum::wire {
namespace {

constexpr std::chrono::milliseconds kKvCreateTimeout{5000};
constexpr std::chrono::milliseconds kKvGetTimeout{1000};  // Nothing is lost by asking again.

std::optional<Error> CheckNames(const std::string& bucket, const std::string& key) {
  if (!IsBucketName(bucket)) return Reject("not the name of a bucket");
  if (!IsKey(key)) return Reject("not a key of a bucket");
  return std::nullopt;
}

// Calls back with the error, after this has returned: a request to no subject ends like that.
template <class Done>
void Refuse(Wire& wire, Error error, Done done) {
  wire.Request(
      {}, kKvGetTimeout,
      [error = std::move(error), done = std::move(done)](const Result<Answer>&) { done(error); });
}

Result<bool> ParseCreated(const Result<Answer>& answer, const std::string& bucket) {
  const std::string what = "creating a key of bucket " + bucket + " failed: ";
  // The message was checked before, so a kReject is that nobody is subscribed: also said while a
  // server that starts has no JetStream yet.
  if (!answer) return Retry(what + answer.error().text);
  const StreamAnswer stored = ParseStreamAnswer(answer->data, false);
  if (stored.sequence > 0) return true;
  if (stored.code == kWrongLastSequence) return false;
  return Retry(what + stored.error);
}

}  // namespace

void KvCreate(Wire& wire, const std::string& bucket, const std::string& key, std::string_view value,
              std::function<void(Result<bool>)> done) {
  if (auto error = CheckNames(bucket, key)) return Refuse(wire, *error, std::move(done));
  const std::string subject = KeySubject(bucket, key);
  const Outbound message{.subject = subject, .data = value, .expected_last = "0"};
  if (auto checked = CheckOutbound(message, wire.payload_bytes_max()); !checked) {
    return Refuse(wire, checked.error(), std::move(done));
  }
  wire.Request(message, kKvCreateTimeout,
               [bucket, done = std::move(done)](const Result<Answer>& answer) {
                 done(ParseCreated(answer, bucket));
               });
}

void KvGet(Wire& wire, const std::string& bucket, const std::string& key,
           std::function<void(Result<std::optional<std::string>>)> done) {
  if (auto error = CheckNames(bucket, key)) return Refuse(wire, *error, std::move(done));
  GetApiMessage(wire, BucketStream(bucket),
                JsonObject().Add("last_by_subj", KeySubject(bucket, key)).End(), kKvGetTimeout,
                [done = std::move(done)](Result<std::optional<ApiMessage>> message) {
                  if (!message) return done(message.error());
                  if (!*message || !HeaderOf((*message)->headers, kKeyOperation).empty()) {
                    return done(std::optional<std::string>());
                  }
                  done(std::optional<std::string>(std::move((*message)->record.data)));
                });
}

void KvKeys(Wire& wire, const std::string& bucket, const std::string& filter,
            std::function<void(Result<std::vector<std::string>>)> done) {
  if (!IsBucketName(bucket))
    return Refuse(wire, Reject("not the name of a bucket"), std::move(done));
  const std::string prefix = KeySubject(bucket, "");
  AskApi(wire, "$JS.API.STREAM.INFO." + BucketStream(bucket),
         JsonObject().Add("subjects_filter", prefix + filter).End(),
         "listing the keys of bucket " + bucket + " failed", kKvGetTimeout,
         [bucket, prefix, done = std::move(done)](const Result<ApiAnswer>& answer) {
           if (!answer) return done(answer.error());
           if (answer->code != 0) return done(ApiError(*answer, "listing keys failed"));
           std::vector<std::string> keys;
           const auto state = answer->json.find("state");
           if (state != answer->json.end() && state->is_object() && state->contains("subjects")) {
             for (const auto& [subject, count] : (*state)["subjects"].items()) {
               if (subject.starts_with(prefix)) keys.push_back(subject.substr(prefix.size()));
             }
           }
           done(std::move(keys));
         });
}

}  // namespace lyceum::wire
