#include "bench/bare_tool_worker.h"

#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace lyceum::bench {
namespace {

constexpr size_t kBoxMax = 1 << 16;
constexpr int kDeltaTag = 1;
constexpr int kAckTag = 2;
constexpr int kMessages = 2;  // For a call.
constexpr size_t kRequestBytes = 300;
constexpr std::chrono::seconds kPatience{20};

}  // namespace

BareToolWorker::BareToolWorker(test::Stack& stack, const std::string& url)
    : session_(stack.nats().Connect("session_worker")),
      gateway_(stack.nats().Connect("gateway")),
      box_(std::make_shared<wire::MessageBox>(kBoxMax)),
      inbox_(session_->NewInbox()),
      process_({LYCEUM_BENCH_BARE_TOOL, url}, stack.nats().env_for("tool_worker")) {
  const auto subscribe = [&](wire::Connection& connection, const std::string& subject, int tag) {
    auto subscription = connection.Subscribe(subject, "", box_, tag);
    if (!subscription || !connection.Flush(kPatience))
      throw std::runtime_error("can not subscribe");
    subscriptions_.push_back(std::move(*subscription));
  };
  subscribe(*gateway_, "lyceum.out.bench", kDeltaTag);
  subscribe(*session_, inbox_, kAckTag);
  const auto ready = [&] { return process_.out().find("ready") != std::string::npos; };
  if (!test::Eventually(kPatience, ready)) {
    throw std::runtime_error("the bare tool does not start: " + process_.err());
  }
}

void BareToolWorker::Ask() {
  wire::Message request;
  request.subject = "lyceum.tool.clarify_concept";
  request.reply = inbox_;
  request.data = std::to_string(++asked_) + " ";
  request.data.resize(kRequestBytes, '.');
  said_[std::to_string(asked_)] = 0;
  if (!session_->Publish(request)) throw std::runtime_error("a request can not be published");
}

std::optional<AskedWorker::Heard> BareToolWorker::HearUntil(Deadline deadline) {
  const auto message = box_->Pop(deadline);
  if (!message) return std::nullopt;
  if (message->tag != kDeltaTag) return Heard{};
  const auto call = said_.find(message->data.substr(0, message->data.find(' ')));
  if (call == said_.end()) throw std::runtime_error("nobody has asked for that");
  if (++call->second < kMessages) return Heard{.delta = true};
  said_.erase(call);
  return Heard{.delta = true, .whole = true};
}

}  // namespace lyceum::bench
