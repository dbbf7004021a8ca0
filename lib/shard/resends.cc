#include "shard/resends.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/journal.h"

namespace lyceum::shard {
namespace {

// kMessagesKept messages of the largest size.
constexpr size_t kResendJournalBytesMax = 32 << 20;
constexpr size_t kMessagesMax = 4'096;

}  // namespace

bool Resends::Add(Request request) {
  if (requests_.size() >= kRequestsMax) return false;
  requests_.push_back(std::move(request));
  if (requests_.size() == 1) Send();
  return true;
}

Result<void> Resends::Read(const Request& request) {
  messages_.clear();
  sent_ = 0;
  const auto entry = context_->sessions->Load(request.partition, request.user);
  if (!entry) return entry.error();
  if (*entry == nullptr || !(*entry)->damaged.empty()) return {};
  const auto has_first = [&](std::string_view chunk) {
    envelope::JournalReader reader(chunk);
    for (auto next = reader.Next(); next && next->has_value(); next = reader.Next()) {
      if ((*next)->kind == envelope::JournalEntry::Kind::kMessage) {
        return (*next)->n <= request.first_n;
      }
    }
    return false;
  };
  const auto chunks = ReadJournal(*context_->store, **entry, kResendJournalBytesMax, has_first);
  if (!chunks) return chunks.error();
  auto kept = envelope::MessagesIn(chunks->views, request.first_n - 1, request.last_n, kMessagesMax,
                                   kResendJournalBytesMax);
  if (!kept) return kept.error();
  for (const envelope::KeptMessage& message : *kept) {
    auto bytes = envelope::InEncoding(message.data, message.encoding, request.to.encoding);
    if (!bytes) return bytes.error();
    messages_.push_back(std::move(*bytes));
  }
  return {};
}

void Resends::Send() {
  size_t page = 0;
  while (ready() && page < kPageBytes) {
    const Request& request = requests_.front();
    if (!read_) {
      if (Result<void> read = Read(request); !read) {
        if (read.error().fault == Fault::kRetry) return;  // The store: again, in the next turn.
        LogError("messages cannot be sent again",
                 {{"partition", request.partition}, {"text", read.error().text}});
        messages_.clear();
      }
      read_ = true;
    }
    const std::string subject = context_->options.subjects.Out(request.to.id);
    const bool json = request.to.encoding == tutor::Encoding::kJson;
    if (!SentFor(request.partition)) sent_for_.push_back(request.partition);
    for (; sent_ < messages_.size() && page < kPageBytes; ++sent_) {
      context_->outgoing->Send({.subject = subject,
                                .data = messages_[sent_],
                                .content_type = json ? "application/json" : ""});
      ++context_->counters->messages;
      page += messages_[sent_].size();
    }
    if (sent_ < messages_.size()) return;
    messages_.clear();
    sent_ = 0;
    read_ = false;
    requests_.pop_front();
  }
}

uint64_t Resends::FirstUnsent(store::PartitionId partition) const {
  for (const Request& request : requests_) {
    if (request.partition == partition) return request.sequence;
  }
  return UINT64_MAX;
}

template <class IsOne>
void Resends::DropIf(IsOne is_one) {
  if (!requests_.empty() && is_one(requests_.front())) {
    messages_.clear();
    sent_ = 0;
    read_ = false;
  }
  std::erase_if(requests_, is_one);
}

void Resends::Drop(store::PartitionId partition) {
  DropIf([&](const Request& request) { return request.partition == partition; });
}

void Resends::Drop(store::PartitionId partition, std::string_view user) {
  DropIf([&](const Request& request) {
    return request.partition == partition && request.user == user;
  });
}

}  // namespace lyceum::shard
