#include "tutor/seen.h"

#include <string_view>

namespace lyceum::tutor {
namespace {

constexpr uint64_t kContentMask = 0xFFFF;

// FNV-1a 64 over all that makes an event what it is; each text with its length, so that no two
// lists of texts run into one another.
class ContentHash {
 public:
  explicit ContentHash(const EventKind& kind) {
    Add(static_cast<uint64_t>(kind.index()));
    std::visit([this](const auto& event) { AddEvent(event); }, kind);
  }
  // The upper bits folded into the lower ones, which are kept.
  uint64_t value() const { return hash_ ^ (hash_ >> 32) ^ (hash_ >> 16); }

 private:
  void AddByte(unsigned char byte) { hash_ = (hash_ ^ byte) * 1099511628211ULL; }
  void Add(uint64_t number) {
    for (int i = 0; i < 8; ++i) AddByte(static_cast<unsigned char>(number >> (8 * i)));
  }
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    for (const char c : text) AddByte(static_cast<unsigned char>(c));
  }

  void AddEvent(const Start& event) {
    const auto& [course, version, topic, context, busy_policy, again] = event;
    const auto& [tone, persona, objectives, language, supervision, undecided, decide_s] = context;
    for (const std::string_view text :
         {std::string_view(course.value), std::string_view(version), std::string_view(topic.value),
          std::string_view(tone), std::string_view(persona), std::string_view(language)}) {
      Add(text);
    }
    Add(uint64_t{objectives.size()});
    for (const std::string& objective : objectives) Add(std::string_view(objective));
    Add(static_cast<uint64_t>(busy_policy));
    Add(uint64_t{again});
    if (supervision == Supervision::kNone) return;  // Those of before are as they were.
    Add(static_cast<uint64_t>(supervision));
    Add(static_cast<uint64_t>(undecided));
    Add(uint64_t{decide_s});
  }
  void AddEvent(const UserMessage& event) {
    const auto& [text, intent] = event;
    Add(std::string_view(text));
    Add(static_cast<uint64_t>(intent));
  }
  void AddEvent(const Attach& event) { Add(uint64_t{event.after_n}); }
  void AddEvent(const Review& event) {
    const auto& [n, text] = event;
    Add(uint64_t{n});
    Add(std::string_view(text));
  }
  void AddEvent(const Supervise& event) {
    const auto& [draft, decision, text] = event;
    Add(std::string_view(draft.value));
    Add(static_cast<uint64_t>(decision));
    Add(std::string_view(text));
  }
  void AddEvent(const ForceRemediation& event) { Add(std::string_view(event.error.value)); }
  void AddEvent(const GotoTopic& event) { Add(std::string_view(event.topic.value)); }
  void AddEvent(const End& event) { Add(std::string_view(event.reason)); }
  void AddEvent(const Shutdown& event) { Add(std::string_view(event.reason)); }
  // Those that are what they are by their kind alone,
  void AddEvent(const Hint&) {}
  void AddEvent(const Skip&) {}
  void AddEvent(const Continue&) {}
  void AddEvent(const Detach&) {}
  void AddEvent(const Stop&) {}
  void AddEvent(const ForceSkip&) {}
  void AddEvent(const RetryCall&) {}
  // and those that are told apart by the call or the timer that they name, not by their id.
  void AddEvent(const ToolResult&) {}
  void AddEvent(const TimerFired&) {}
  void AddEvent(const InvariantViolated&) {}

  uint64_t hash_ = 14695981039346656037ULL;
};

}  // namespace

Seen Remember(SeenIds* seen, const Event& event) {
  if (event.id.empty()) return Seen::kNew;
  const uint64_t id = HashId(event.id) & ~kContentMask;
  const uint64_t entry = id | (ContentHash(event.kind).value() & kContentMask);
  for (const uint64_t known : seen->unordered()) {
    if ((known & ~kContentMask) == id) return known == entry ? Seen::kSame : Seen::kOther;
  }
  seen->Add() = entry;
  return Seen::kNew;
}

}  // namespace lyceum::tutor
