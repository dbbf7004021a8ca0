#include "shard/named_topic.h"

#include <fmt/format.h>

#include <utility>

#include "envelope/topics.h"
#include "wire/kv.h"

namespace lyceum::shard {

tutor::LoadTopicOk* TopicToFetch(tutor::Event* event) {
  auto* result = std::get_if<tutor::ToolResult>(&event->kind);
  if (result == nullptr) return nullptr;
  auto* loaded = std::get_if<tutor::LoadTopicOk>(&result->reply.outcome);
  return loaded != nullptr && loaded->is_to_be_fetched() ? loaded : nullptr;
}

void FetchTopic(Context* context, const tutor::LoadTopicOk& named, FetchedHandler done) {
  const Result<std::string> key = envelope::TopicKey(*named.name);
  const auto read = [context, named,
                     done = std::move(done)](const Result<std::optional<std::string>>& value) {
    if (!value) return done(value.error());
    if (!value->has_value()) {
      return done(Reject(fmt::format("the course bucket does not have topic {} of {} {}",
                                     named.name->topic.value, named.name->course.value,
                                     named.name->version)));
    }
    Result<tutor::Topic> topic = envelope::DecodeNamedTopic(named, **value);
    if (!topic) return done(topic.error());
    done(context->sessions->topics().Intern(
        named.digest, std::make_shared<const tutor::Topic>(std::move(*topic))));
  };
  // A name that is no key is refused by KvGet, later like the others.
  wire::KvGet(*context->wire, context->options.subjects.CourseBucket(), key ? *key : "", read);
}

}  // namespace lyceum::shard
