// A Wire without a server, for the tests of the dispatcher: what is published is kept, and a test
// delivers what it wants to whoever has subscribed.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "wire/wire.h"

namespace lyceum::dispatch {

class FakeWire final : public wire::Wire {
 public:
  struct Published {
    std::string subject, reply, data, content_type, message_id, trace;
  };

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view,
                                   Handler handler) override {
    if (!up) return Retry("not connected");
    subscriptions[++last_id] = {std::string(subject), std::move(handler)};
    return last_id;
  }
  void Unsubscribe(SubscriptionId id) override { subscriptions.erase(id); }
  Result<void> Publish(const wire::Outbound& m) override {
    if (!up) return Retry("not connected");
    if (m.data.size() > payload_max) return Reject("larger than the server accepts");
    published.push_back({std::string(m.subject), std::string(m.reply), std::string(m.data),
                         std::string(m.content_type), std::string(m.message_id),
                         std::string(m.trace)});
    return {};
  }
  void Request(const wire::Outbound&, std::chrono::milliseconds, AnswerHandler) override {
    CHECK(false);  // The dispatcher asks nobody that way.
  }
  void Flush() override {}
  void SetConnectionHandler(ConnectionHandler) override {}
  bool connected() const override { return up; }
  uint64_t connection_number() const override { return connections; }
  std::string NewInbox() override { return "_INBOX." + std::to_string(++inboxes); }
  size_t payload_bytes_max() const override { return payload_max; }
  size_t unwritten_bytes() const override { return 0; }
  uint64_t async_errors() const override { return 0; }
  std::string last_async_error() const override { return {}; }

  void Break() {
    up = false;
    subscriptions.clear();
  }
  void Reconnect() {
    up = true;
    ++connections;
  }
  // To everybody who has subscribed to it. How many that were.
  int Deliver(const std::string& subject, const std::string& data, int status = 0) {
    std::vector<Handler> handlers;
    for (const auto& [id, subscription] : subscriptions) {
      if (Matches(subscription.first, subject)) handlers.push_back(subscription.second);
    }
    for (const Handler& handler : handlers) {
      wire::Arrived arrived;
      arrived.subject = subject;
      arrived.data = data;
      arrived.status = status;
      handler(arrived);
    }
    return static_cast<int>(handlers.size());
  }

  bool up = true;
  uint64_t connections = 1;
  size_t payload_max = 1'000'000;
  std::vector<Published> published;
  std::map<SubscriptionId, std::pair<std::string, Handler>> subscriptions;

 private:
  // Only what is used here: a last token of `>` or `*`.
  static bool Matches(const std::string& pattern, const std::string& subject) {
    if (!pattern.ends_with(">") && !pattern.ends_with("*")) return pattern == subject;
    return subject.starts_with(pattern.substr(0, pattern.size() - 1));
  }

  SubscriptionId last_id = 0;
  int inboxes = 0;
};

}  // namespace lyceum::dispatch
