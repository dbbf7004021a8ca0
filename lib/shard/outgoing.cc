#include "shard/outgoing.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace lyceum::shard {
namespace {

constexpr size_t kCompactBytes = 256 * 1024;

// What stands before each kept message: the lengths of its parts, in their order.
struct Header {
  uint32_t subject = 0;
  uint32_t data = 0;
  uint32_t content_type = 0;
  uint32_t trace = 0;
  size_t size() const { return sizeof(Header) + subject + data + content_type + trace; }
};

}  // namespace

Outgoing::Outgoing(wire::Wire* wire, const Clock* clock, Options options,
                   std::function<void(uint64_t)> confirmed)
    : wire_(wire), clock_(clock), options_(options), on_confirmed_(std::move(confirmed)) {}

bool Outgoing::Send(const wire::Outbound& message) {
  const Result<void> published = wire_->Publish(message);
  if (!published && published.error().fault == Fault::kReject) {
    ++refused_;
    LogError("client message refused: it never leaves", {{"text", published.error().text}});
    return false;
  }
  Keep(message);
  ++last_;
  return true;
}

void Outgoing::Keep(const wire::Outbound& message) {
  const Header header{static_cast<uint32_t>(message.subject.size()),
                      static_cast<uint32_t>(message.data.size()),
                      static_cast<uint32_t>(message.content_type.size()),
                      static_cast<uint32_t>(message.trace.size())};
  kept_.append(reinterpret_cast<const char*>(&header), sizeof header);
  kept_.append(message.subject).append(message.data);
  kept_.append(message.content_type).append(message.trace);
}

void Outgoing::Forget(uint64_t number) {
  for (; confirmed_ < number; ++confirmed_) {
    Header header;
    CHECK(begin_ + sizeof header <= kept_.size());
    std::memcpy(&header, kept_.data() + begin_, sizeof header);
    begin_ += header.size();
  }
  if (begin_ == kept_.size()) {
    kept_.clear();
    begin_ = 0;
    if (kept_.capacity() > 8 * kCompactBytes) kept_.shrink_to_fit();
  } else if (begin_ > kCompactBytes && begin_ > kept_.size() / 2) {
    kept_.erase(0, begin_);
    begin_ = 0;
  }
}

void Outgoing::Probe() {
  if (!wire_->connected() || probe_inbox_.empty()) return;
  const int64_t now = clock_->SteadyMs();
  if (probing_ && now - probed_ms_ < options_.probe_lost_ms) return;
  if (confirmed_ == last_ || now - probed_ms_ < options_.probe_ms) return;
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, last_).ptr;
  const std::string_view data(text, static_cast<size_t>(end - text));
  if (!wire_->Publish({.subject = probe_inbox_, .data = data})) return;
  probing_ = true;
  probed_ = last_;
  probed_ms_ = now;
  connection_ = wire_->connection_number();
}

void Outgoing::OnProbe(std::string_view data) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(data.data(), data.data() + data.size(), number);
  if (error != std::errc() || end != data.data() + data.size()) return;
  if (connection_ != wire_->connection_number() || number > probed_) return;
  if (number == probed_) probing_ = false;
  if (number <= confirmed_) return;
  Forget(number);
  on_confirmed_(confirmed_);
}

void Outgoing::OnConnected() {
  probing_ = false;
  probed_ms_ = INT64_MIN / 2;
  probe_inbox_ = wire_->NewInbox();
  const auto subscribed = wire_->Subscribe(
      probe_inbox_, "", [this](const wire::Arrived& probe) { OnProbe(probe.data); });
  if (!subscribed) {
    probe_inbox_.clear();  // The connection is gone again: the next one does it.
    return;
  }
  for (size_t next = begin_; next < kept_.size();) {
    Header header;
    std::memcpy(&header, kept_.data() + next, sizeof header);
    const char* part = kept_.data() + next + sizeof header;
    const auto cut = [&part](uint32_t size) {
      const std::string_view view(part, size);
      part += size;
      return view;
    };
    wire::Outbound message;
    message.subject = cut(header.subject);
    message.data = cut(header.data);
    message.content_type = cut(header.content_type);
    message.trace = cut(header.trace);
    next += header.size();
    const auto published = wire_->Publish(message);
    if (published) {
      ++sent_again_;
    } else if (published.error().fault == Fault::kReject) {
      ++refused_;  // It was kept while nobody could say so.
      LogError("client message refused: it never leaves", {{"text", published.error().text}});
    } else {
      return;
    }
  }
}

int64_t Outgoing::NextProbeMs() const {
  if (confirmed_ == last_ || !wire_->connected()) return INT64_MAX;
  return probed_ms_ + (probing_ ? options_.probe_lost_ms : options_.probe_ms);
}

}  // namespace lyceum::shard
