#include "support/gateway.h"

#include <stdexcept>

#include "wire/jetstream.h"

namespace lyceum::test {

using std::chrono::milliseconds;

Gateway::Gateway(std::shared_ptr<wire::Connection> connection)
    : connection_(std::move(connection)), box_(std::make_shared<wire::MessageBox>(100'000)) {}

void Gateway::Listen(const std::string& client) {
  auto subscription =
      connection_->Subscribe("lyceum.out." + client, "", box_, static_cast<int>(clients_.size()));
  if (!subscription) throw std::runtime_error(subscription.error().text);
  subscriptions_.push_back(std::move(*subscription));
  clients_.push_back(client);
  if (!connection_->Flush(std::chrono::seconds(5))) throw std::runtime_error("no flush");
}

bool Gateway::Send(const std::string& user, const std::string& payload, const std::string& id,
                   const std::string& record_class) {
  return SendTo("lyceum.in." + record_class + "." + user, payload, id);
}

bool Gateway::SendTo(const std::string& subject, const std::string& payload,
                     const std::string& id) {
  return wire::PublishAcked(*connection_, {.subject = subject, .data = payload}, id,
                            std::chrono::seconds(5))
      .has_value();
}

void Gateway::Take(Deadline deadline) {
  for (const wire::Message& message : box_->PopSome(1000, deadline)) {
    auto received = envelope::DecodeClientMessage(
        message.data, envelope::EncodingOf(message.header("Content-Type"), message.data));
    if (!received) throw std::runtime_error(received.error().text);
    heard_[clients_[static_cast<size_t>(message.tag)]].push_back(std::move(*received));
  }
}

std::optional<Gateway::Received> Gateway::Hear(const std::string& client,
                                               const std::function<bool(const Received&)>& wanted,
                                               milliseconds wait) {
  const Deadline deadline = In(wait);
  while (true) {
    const std::vector<Received>& heard = heard_[client];
    for (size_t& next = handed_out_[client]; next < heard.size();) {
      const Received& received = heard[next++];
      if (wanted(received)) return received;
    }
    if (Steady::now() >= deadline) return std::nullopt;
    Take(deadline);
  }
}

std::optional<Gateway::Received> Gateway::Reply(const std::string& client,
                                                const std::string& event_id, milliseconds wait) {
  return Hear(
      client,
      [&](const Received& received) { return received.message.in_reply_to.value == event_id; },
      wait);
}

std::vector<Gateway::Received> Gateway::Everything(const std::string& client, milliseconds wait) {
  const Deadline deadline = In(wait);
  while (Steady::now() < deadline) Take(deadline);
  return heard_[client];
}

}  // namespace lyceum::test
