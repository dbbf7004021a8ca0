#include "load/node.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace lyceum::load {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kTickMs = 100;

}  // namespace

Result<std::unique_ptr<Node>> Node::Connect(const wire::ConnectOptions& options,
                                            wire::StoredPublisher::Options publisher) {
  std::unique_ptr<Node> node(new Node());
  auto wire = wire::NatsWire::Create(&node->loop_, &node->clock_, options);
  if (!wire) return wire.error();
  node->wire_ = std::move(*wire);
  // A try ends by itself; several servers may be named.
  const Deadline deadline = In(4 * options.timeout);
  while (!node->wire_->connected()) {
    if (auto error = node->wire_->connect_error()) return *error;
    if (Steady::now() >= deadline) return Retry("the NATS server does not answer");
    node->RunOnce(milliseconds(kTickMs));
  }
  node->publisher_ =
      std::make_unique<wire::StoredPublisher>(node->wire_.get(), &node->clock_, publisher);
  node->wire_->SetConnectionHandler(
      [of = node.get()](bool connected) { of->OnConnection(connected); });
  return node;
}

Result<void> Node::Listen(std::string subject, wire::Wire::Handler handler,
                          std::function<void()> connected) {
  subject_ = std::move(subject);
  handler_ = std::move(handler);
  connected_ = std::move(connected);
  auto subscribed = wire_->Subscribe(subject_, "", handler_);
  if (!subscribed) return subscribed.error();
  return {};
}

void Node::OnConnection(bool connected) {
  if (!connected) return LogWarn("the connection to NATS is lost");
  publisher_->OnConnected();
  if (subject_.empty()) return;
  // Where this connection is gone already, the next one comes here as well.
  if (auto subscribed = wire_->Subscribe(subject_, "", handler_); !subscribed) {
    return LogWarn("not subscribed", {{"error", subscribed.error().text}});
  }
  connected_();
}

void Node::RunOnce(milliseconds wait_max) {
  const int64_t now = clock_.SteadyMs();
  const int64_t next = std::min(wire_->NextDeadlineMs(), tick_ms_) - now;
  loop_.RunOnce(std::clamp<int64_t>(next, 0, wait_max.count()));
  wire_->Tick();
  if (publisher_ && clock_.SteadyMs() >= tick_ms_) publisher_->Tick();
  if (clock_.SteadyMs() >= tick_ms_) tick_ms_ = clock_.SteadyMs() + kTickMs;
  wire_->Flush();
}

}  // namespace lyceum::load
