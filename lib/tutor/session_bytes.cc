// ApproximateBytes: what of a session lies on the heap, counted by its capacities.
#include "tutor/session.h"

namespace lyceum::tutor {
namespace {

// What an allocation costs beside what was asked for.
constexpr size_t kAllocationBytes = 16;
// A text of up to so many bytes lies inside of its string.
const size_t kInlineBytes = std::string().capacity();

size_t Heap(const std::string& text) {
  return text.capacity() <= kInlineBytes ? 0 : text.capacity() + 1 + kAllocationBytes;
}
template <class Tag>
size_t Heap(const Id<Tag>& id) {
  return Heap(id.value);
}
// The array itself.
template <class Items>
size_t Array(const Items& items, size_t item_bytes) {
  return items.capacity() == 0 ? 0 : items.capacity() * item_bytes + kAllocationBytes;
}
template <class T>
size_t Heap(const std::vector<T>& items);

size_t Heap(const Attempt& a) { return Heap(a.answer) + (a.error ? Heap(*a.error) : 0); }
size_t Heap(const KnownError& e) { return Heap(e.id) + Heap(e.answers) + Heap(e.text); }
size_t Heap(const Question& q) {
  return Heap(q.id) + Heap(q.text) + Heap(q.choices) + Heap(q.answers) + Heap(q.unit) +
         Heap(q.hints) + Heap(q.known_errors) + Heap(q.solution);
}
size_t Heap(const Context& c) {
  return Heap(c.tone) + Heap(c.persona) + Heap(c.objectives) + Heap(c.language);
}
size_t Heap(const ErrorCount& c) { return Heap(c.error); }
size_t Heap(const AttachedClient& c) { return Heap(c.id); }
size_t Heap(const Timer& t) { return Heap(t.token); }
size_t Heap(const HistoryEntry& e) { return Heap(e.kind) + Heap(e.text); }
size_t Heap(uint64_t) { return 0; }

// Only a learner's event is ever deferred, and only a message's text is of a size that counts.
size_t Heap(const Deferred& d) {
  const auto* message = std::get_if<UserMessage>(&d.event.kind);
  return Heap(d.event.id) + Heap(d.event.client) + Heap(d.question) +
         (message == nullptr ? 0 : Heap(message->text));
}

template <class T>
size_t Heap(const std::vector<T>& items) {
  size_t bytes = Array(items, sizeof(T));
  for (const T& item : items) bytes += Heap(item);
  return bytes;
}
template <class T, size_t kMax>
size_t Heap(const Ring<T, kMax>& ring) {
  return Heap(ring.unordered());
}

size_t Heap(const Call& c) {
  return Heap(c.id) + Heap(c.cause) + Heap(c.question) + Heap(c.text) + Heap(c.error) +
         Heap(c.topic);
}
size_t Heap(const State& state) {
  if (const auto* lock = std::get_if<AwaitingToolResult>(&state)) return Heap(lock->call);
  if (const auto* error = std::get_if<ErrorState>(&state)) {
    return Heap(error->failed) + Heap(error->code);
  }
  if (const auto* wait = std::get_if<AwaitingApproval>(&state)) {
    const Draft& d = *wait->draft;
    return sizeof(Draft) + kAllocationBytes + Heap(d.call) + Heap(d.text) + Heap(d.authored) +
           (d.question ? Heap(*d.question) : 0) + Heap(d.error) + Heap(d.provider) + Heap(d.model);
  }
  if (const auto* known = std::get_if<RemediatingKnownError>(&state)) return Heap(known->error);
  return 0;
}
size_t Heap(const Syllabus& s) {
  return Heap(s.course) + Heap(s.version) + Heap(s.topic) + Heap(s.done) + Array(s.closed, 1) / 8 +
         Heap(s.errors);
}
size_t Heap(const OpenQuestion& q) {
  return (q.generated ? Heap(*q.generated) : 0) + Heap(q.attempts);
}
}  // namespace

size_t ApproximateBytes(const Session& s) {
  return sizeof(Session) + Heap(s.user) + Heap(s.state) + Heap(s.context) + Heap(s.syllabus) +
         Heap(s.topic_digest) + (s.question ? Heap(*s.question) : 0) + Heap(s.clients) +
         Heap(s.inbox) + Heap(s.timers) + Heap(s.recent) + Heap(s.seen);
}

}  // namespace lyceum::tutor
