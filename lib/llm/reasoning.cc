#include "llm/reasoning.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lyceum::llm {
namespace {

enum class Kind {
  kOpen,  // Of a block; the next row is its end.
  kClose,
  kHeader,   // A channel, or its speaker, is named next.
  kMessage,  // The name is over.
  kEnd,      // Of a channel.
  kToken,    // Says nothing to anybody.
};
struct Tag {
  std::string_view text;
  Kind kind;
};

constexpr std::array kTags = std::to_array<Tag>({
    {"<think>", Kind::kOpen},
    {"</think>", Kind::kClose},
    {"<thinking>", Kind::kOpen},
    {"</thinking>", Kind::kClose},
    {"<thought>", Kind::kOpen},
    {"</thought>", Kind::kClose},
    {"<reasoning>", Kind::kOpen},
    {"</reasoning>", Kind::kClose},
    {"<analysis>", Kind::kOpen},
    {"</analysis>", Kind::kClose},
    {"<reflection>", Kind::kOpen},
    {"</reflection>", Kind::kClose},
    {"<seed:think>", Kind::kOpen},
    {"</seed:think>", Kind::kClose},
    {"[think]", Kind::kOpen},
    {"[/think]", Kind::kClose},
    {"\xe2\x97\x81think\xe2\x96\xb7", Kind::kOpen},
    {"\xe2\x97\x81/think\xe2\x96\xb7", Kind::kClose},
    {"<|begin_of_thought|>", Kind::kOpen},
    {"<|end_of_thought|>", Kind::kClose},
    {"<|start_thinking|>", Kind::kOpen},
    {"<|end_thinking|>", Kind::kClose},
    {"<|channel>thought", Kind::kOpen},
    {"<channel|>", Kind::kClose},
    {"<|start|>", Kind::kHeader},
    {"<|channel|>", Kind::kHeader},
    {"<|message|>", Kind::kMessage},
    {"<|end|>", Kind::kEnd},
    {"<|return|>", Kind::kEnd},
    {"<|call|>", Kind::kEnd},
    {"<|constrain|>", Kind::kToken},
    {"<|begin_of_solution|>", Kind::kToken},
    {"<|end_of_solution|>", Kind::kToken},
    {"<|start_response|>", Kind::kToken},
    {"<|end_response|>", Kind::kToken},
    {"<|im_end|>", Kind::kToken},
    {"<|eot_id|>", Kind::kToken},
    {"<|endoftext|>", Kind::kToken},
});

// A channel whose marks a server has taken away: "analysisThe learner ...assistantfinalWell, ...".
constexpr std::string_view kBareChannel = "analysis";
constexpr std::string_view kBareEnd = "assistantfinal";
constexpr size_t kHeaderBytesMax = 256;
constexpr size_t kNoTag = kTags.size();

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool StartsWith(std::string_view text, std::string_view tag) {
  return text.size() >= tag.size() && std::equal(tag.begin(), tag.end(), text.begin(),
                                                 [](char a, char b) { return a == Lower(b); });
}

// The text is the begin of the tag, and not all of it.
bool MayBecome(std::string_view text, std::string_view tag) {
  return text.size() < tag.size() && std::equal(text.begin(), text.end(), tag.begin(),
                                                [](char a, char b) { return Lower(a) == b; });
}

size_t TagAt(std::string_view text) {
  for (size_t i = 0; i < kTags.size(); ++i) {
    if (StartsWith(text, kTags[i].text)) return i;
  }
  return kNoTag;
}

bool MayBecomeTag(std::string_view text) {
  return std::any_of(kTags.begin(), kTags.end(),
                     [&](const Tag& tag) { return MayBecome(text, tag.text); });
}

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

}  // namespace

ReasoningFilter::Shown ReasoningFilter::Add(std::string_view text) {
  Shown shown;
  held_ += text;
  const std::string all = std::exchange(held_, {});
  Take(all, false, &shown);
  return shown;
}

ReasoningFilter::Shown ReasoningFilter::Finish() {
  Shown shown;
  const std::string all = std::exchange(held_, {});
  Take(all, true, &shown);
  return shown;
}

void ReasoningFilter::Take(std::string_view text, bool last, Shown* shown) {
  if (!begun_ && !text.empty()) {
    // The begin of the whole text.
    if (!last && (text.size() <= kBareChannel.size()) &&
        (MayBecome(text, kBareChannel) || text == kBareChannel)) {
      held_ = std::string(text);
      return;
    }
    begun_ = true;
    const bool bare = text.starts_with(kBareChannel) && text.size() > kBareChannel.size() &&
                      text[kBareChannel.size()] >= 'A' && text[kBareChannel.size()] <= 'Z';
    if (bare) {
      state_ = State::kBlock;
      block_end_ = kBareEnd;
    }
  }
  while (!text.empty()) {
    if (state_ == State::kBlock) {
      size_t at = 0;
      while (at < text.size() && !StartsWith(text.substr(at), block_end_) &&
             (last || !MayBecome(text.substr(at), block_end_))) {
        ++at;
      }
      Hide(text.substr(0, at));
      text.remove_prefix(at);
      if (text.empty()) return;
      if (!StartsWith(text, block_end_)) {
        held_ = std::string(text);
        return;
      }
      text.remove_prefix(block_end_.size());
      state_ = State::kShown;
      continue;
    }
    const size_t at = std::min(text.find_first_of("<[\xe2"), text.size());
    Plain(text.substr(0, at), shown);
    text.remove_prefix(at);
    if (text.empty()) return;
    const size_t tag = TagAt(text);
    if (tag != kNoTag) {
      text.remove_prefix(kTags[tag].text.size());
      OnTag(tag, shown);
    } else if (!last && MayBecomeTag(text)) {
      held_ = std::string(text);
      return;
    } else {
      Plain(text.substr(0, 1), shown);
      text.remove_prefix(1);
    }
  }
}

void ReasoningFilter::OnTag(size_t tag, Shown* shown) {
  switch (kTags[tag].kind) {
    case Kind::kOpen:
      removed_ = true;
      state_ = State::kBlock;
      block_end_ = kTags[tag + 1].text;
      return;
    case Kind::kClose:
      removed_ = true;
      if (state_ != State::kShown) return;
      Hide(before_);  // What is shown now is a part of it.
      before_.clear();
      shown->text.clear();
      shown->void_before = true;
      shown_any_ = false;
      return;
    case Kind::kHeader:
      removed_ = true;
      if (state_ != State::kHeader) header_.clear();
      state_ = State::kHeader;
      return;
    case Kind::kMessage: {
      removed_ = true;
      // Without a channel it is the answer.
      const bool named = header_.find("analysis") != std::string::npos ||
                         header_.find("commentary") != std::string::npos;
      state_ = named ? State::kChannel : State::kShown;
      return;
    }
    case Kind::kEnd:
      removed_ = true;
      state_ = State::kChannel;
      return;
    case Kind::kToken:
      return;
  }
}

void ReasoningFilter::Plain(std::string_view text, Shown* shown) {
  switch (state_) {
    case State::kBlock:
    case State::kChannel:
      return Hide(text);
    case State::kHeader:
      header_.append(text.substr(0, kHeaderBytesMax - std::min(header_.size(), kHeaderBytesMax)));
      return;
    case State::kShown:
      break;
  }
  if (removed_ && !shown_any_) {
    while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  }
  if (text.empty()) return;
  shown_any_ = true;
  shown->text += text;
  before_.append(text.substr(0, kReasoningBytesMax - std::min(before_.size(), kReasoningBytesMax)));
}

void ReasoningFilter::Hide(std::string_view text) {
  removed_ = true;
  hidden_.append(text.substr(0, kReasoningBytesMax - std::min(hidden_.size(), kReasoningBytesMax)));
}

}  // namespace lyceum::llm
