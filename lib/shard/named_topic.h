// Named topics: a result of load_topic that says which topic of the course bucket it is, by digest.
//
// The content comes from memory, else from the store, else from the bucket, where it never changes:
// so the same record always means the same.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "shard/context.h"
#include "tutor/event.h"

namespace lyceum::shard {

// The result in this event whose content is still to be fetched; else null.
tutor::LoadTopicOk* TopicToFetch(tutor::Event* event);

// Asks the course bucket. `done` is told once, never before this returns; by then the topic is in
// the context's table, and stays there while `done`, or who else keeps it, has it. kReject: the
// bucket does not have it. kRetry: it could not be read just now.
using FetchedHandler = std::function<void(Result<TopicTable::Shared>)>;
void FetchTopic(Context* context, const tutor::LoadTopicOk& named, FetchedHandler done);

}  // namespace lyceum::shard
