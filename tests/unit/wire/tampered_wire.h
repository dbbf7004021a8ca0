// A Wire that drops what a test wants dropped, in front of any other.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "wire/wire.h"

namespace lyceum::wire {

class TamperedWire final : public Wire {
 public:
  explicit TamperedWire(Wire* wire) : wire_(wire) {}

  // True: this message does not come. Asked for each one that would.
  std::function<bool(const Arrived&)> drop = [](const Arrived&) { return false; };
  std::function<void(std::string* data)> change_answer;
  // Subjects of what was published, in order.
  std::vector<std::string> published;

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override {
    return wire_->Subscribe(subject, queue, [this, handler = std::move(handler)](const Arrived& a) {
      if (!drop(a)) handler(a);
    });
  }
  void Unsubscribe(SubscriptionId id) override { wire_->Unsubscribe(id); }
  Result<void> Publish(const Outbound& message) override {
    published.emplace_back(message.subject);
    return wire_->Publish(message);
  }
  void Request(const Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override {
    if (!change_answer) return wire_->Request(message, timeout, std::move(done));
    wire_->Request(message, timeout, [this, done = std::move(done)](const Result<Answer>& answer) {
      if (!answer) return done(answer);
      std::string data(answer->data);
      change_answer(&data);
      Answer changed = *answer;
      changed.data = data;
      done(changed);
    });
  }
  void Flush() override { wire_->Flush(); }
  void SetConnectionHandler(ConnectionHandler handler) override {
    wire_->SetConnectionHandler(std::move(handler));
  }
  bool connected() const override { return wire_->connected(); }
  uint64_t connection_number() const override { return wire_->connection_number(); }
  std::string NewInbox() override { return wire_->NewInbox(); }
  size_t payload_bytes_max() const override { return wire_->payload_bytes_max(); }
  size_t unwritten_bytes() const override { return wire_->unwritten_bytes(); }
  uint64_t async_errors() const override { return wire_->async_errors(); }
  std::string last_async_error() const override { return wire_->last_async_error(); }

 private:
  Wire* const wire_;
};

}  // namespace lyceum::wire
