// A gateway as a test writes one: raw payloads out, client messages in.
//
//   Gateway gateway(stack.nats().Connect("gateway"));
//   gateway.Send("ada", R"({"id":"1","client":"c","start":{"course":"fractions"}})");
//   gateway.Listen("c");  gateway.Hear("c", [](const auto& m) { return m.body is a question; });
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "envelope/codec.h"
#include "wire/connection.h"

namespace lyceum::test {

class Gateway {
 public:
  using Received = envelope::ReceivedMessage;

  explicit Gateway(std::shared_ptr<wire::Connection> connection);

  // From now on this client's messages are kept. Throws where it may not.
  void Listen(const std::string& client);
  // To lyceum.in.<record_class>.<user>; true: acked by the log. `id` is Nats-Msg-Id, where it is
  // given.
  bool Send(const std::string& user, const std::string& payload, const std::string& id = "",
            const std::string& record_class = "user");
  // To any subject, with the ack.
  bool SendTo(const std::string& subject, const std::string& payload, const std::string& id = "");

  // The first message to the client, of those not handed out yet, for which `wanted` holds; the
  // ones before it are passed over. Empty at the deadline.
  std::optional<Received> Hear(const std::string& client,
                               const std::function<bool(const Received&)>& wanted,
                               std::chrono::milliseconds wait = std::chrono::seconds(10));
  // The first message in reply to that event.
  std::optional<Received> Reply(const std::string& client, const std::string& event_id,
                                std::chrono::milliseconds wait = std::chrono::seconds(10));
  // Everything that came to the client so far, and comes within the wait.
  std::vector<Received> Everything(const std::string& client, std::chrono::milliseconds wait);

  wire::Connection& connection() { return *connection_; }

 private:
  void Take(Deadline deadline);

  std::shared_ptr<wire::Connection> connection_;
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscriptions_;
  std::vector<std::string> clients_;  // By tag.
  std::map<std::string, std::vector<Received>> heard_;
  std::map<std::string, size_t> handed_out_;
};

// The body as T, or null.
template <class T>
const T* BodyOf(const Gateway::Received& received) {
  return std::get_if<T>(&received.message.body);
}

}  // namespace lyceum::test
