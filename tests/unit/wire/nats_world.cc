#include "nats_world.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "wire/jetstream.h"

namespace lyceum::wire {
namespace {

const test::NatsServer::Options kOpen{.roles = false, .jetstream = true, .partitions = 16};
constexpr int64_t kTurnMs = 20;  // So often a condition is asked that nothing brings about.

}  // namespace

// A wire that leaves its world when the test destroys it.
class NatsWorld::Guest final : public NatsWire {
 public:
  Guest(std::vector<NatsWire*>* wires, std::unique_ptr<NatsWire> wire)
      : wires_(wires), wire_(std::move(wire)) {
    wires_->push_back(wire_.get());
  }
  ~Guest() override { std::erase(*wires_, wire_.get()); }
  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override {
    return wire_->Subscribe(subject, queue, std::move(handler));
  }
  void Unsubscribe(SubscriptionId id) override { wire_->Unsubscribe(id); }
  Result<void> Publish(const Outbound& message) override { return wire_->Publish(message); }
  void Request(const Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override {
    wire_->Request(message, timeout, std::move(done));
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
  void Tick() override { wire_->Tick(); }
  int64_t NextDeadlineMs() const override { return wire_->NextDeadlineMs(); }
  std::optional<Error> connect_error() const override { return wire_->connect_error(); }

 private:
  std::vector<NatsWire*>* const wires_;
  const std::unique_ptr<NatsWire> wire_;
};

NatsWorld::NatsWorld() : NatsWorld(kOpen) {}
NatsWorld::NatsWorld(const test::NatsServer::Options& options) : server_(options) {}
NatsWorld::~NatsWorld() = default;

std::unique_ptr<NatsWire> NatsWorld::MakeNatsWire(const ConnectOptions& options) {
  auto wire = NatsWire::Create(&loop_, &clock_, options);
  if (!wire) throw std::runtime_error(wire.error().text);
  return std::make_unique<Guest>(&wires_, std::move(*wire));
}

std::unique_ptr<Wire> NatsWorld::MakeWire() {
  ConnectOptions options;
  options.url = server_.url();
  return MakeNatsWire(options);
}

std::chrono::microseconds NatsWorld::Turn(int64_t wait_ms_max) {
  const auto begin = Steady::now();
  loop_.RunOnce(wait_ms_max);
  for (NatsWire* wire : std::vector<NatsWire*>(wires_)) {
    wire->Tick();
    wire->Flush();
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begin);
}

bool NatsWorld::RunUntil(const std::function<bool()>& condition, std::chrono::milliseconds wait) {
  for (const Deadline deadline = In(wait); !condition();) {
    if (LeftMs(deadline) == 0) return false;
    for (NatsWire* wire : wires_) wire->Flush();
    int64_t wait_ms = std::min(kTurnMs, LeftMs(deadline));
    for (const NatsWire* wire : wires_) {
      wait_ms = std::min(wait_ms, wire->NextDeadlineMs() - clock_.SteadyMs());
    }
    Turn(std::max<int64_t>(wait_ms, 0));
  }
  return true;
}

void NatsWorld::CreateStream(const std::string& name, const std::vector<std::string>& subjects,
                             int32_t message_bytes_max) {
  StreamConfig config;
  config.name = name;
  config.subjects = subjects;
  config.duplicates = std::chrono::seconds(20);
  config.message_bytes_max = message_bytes_max;
  const auto ensured = EnsureStream(*server_.Connect(""), config);
  if (!ensured) throw std::runtime_error(ensured.error().text);
}

void NatsWorld::CreateBucket(const std::string& name) {
  const auto bucket = Bucket::Ensure(*server_.Connect(""), name);
  if (!bucket) throw std::runtime_error(bucket.error().text);
}

void NatsWorld::DeleteConsumers(const std::string& stream) {
  const auto connection = server_.Connect("");
  const auto ask = [&](const std::string& subject) {
    Message request;
    request.subject = subject;
    const auto answer = connection->Request(request, std::chrono::seconds(5));
    if (!answer) throw std::runtime_error(answer.error().text);
    return nlohmann::json::parse(answer->data);
  };
  const auto names = ask("$JS.API.CONSUMER.NAMES." + stream);
  for (const auto& name : names.at("consumers")) {
    const auto deleted = ask("$JS.API.CONSUMER.DELETE." + stream + "." + name.get<std::string>());
    if (!deleted.at("success").get<bool>()) throw std::runtime_error(deleted.dump());
  }
}

std::unique_ptr<WireWorld> MakeNatsWorld() { return std::make_unique<NatsWorld>(); }

}  // namespace lyceum::wire
