#include "bench/bare_tool_worker.h"

#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace lyceum::bench {
namespace {

constexpr int kMessages = 2;  // For a call.
constexpr size_t kRequestBytes = 300;

}  // namespace

BareToolWorker::BareToolWorker(test::Stack& stack, const std::string& url)
    : AskedWorker(stack),
      process_({LYCEUM_BENCH_BARE_TOOL, url}, stack.nats().env_for("tool_worker")) {
  const auto ready = [&] { return process_.out().find("ready") != std::string::npos; };
  if (!test::Eventually(kPatience, ready)) {
    throw std::runtime_error("the bare tool does not start: " + log());
  }
}

void BareToolWorker::Ask() {
  const std::string number = std::to_string(++asked_);
  wire::Message request;
  request.subject = "lyceum.tool.clarify_concept";
  request.data = number + " ";
  request.data.resize(kRequestBytes, '.');
  said_[number] = 0;
  Send(std::move(request));
}

AskedWorker::Heard BareToolWorker::Take(const wire::Message& message, bool delta) {
  if (!delta) return {};
  const auto call = said_.find(message.data.substr(0, message.data.find(' ')));
  if (call == said_.end()) throw std::runtime_error("nobody has asked for that");
  if (++call->second < kMessages) return {.delta = true};
  said_.erase(call);
  return {.delta = true, .whole = true};
}

}  // namespace lyceum::bench
