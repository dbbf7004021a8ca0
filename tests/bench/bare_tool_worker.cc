#include "bench/bare_tool_worker.h"

#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace lyceum::bench {
namespace {

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
  asked_now_.insert(number);
  Send(std::move(request));
}

AskedWorker::Heard BareToolWorker::Take(const wire::Message& message, bool delta) {
  if (!delta) return {};
  if (asked_now_.erase(message.data.substr(0, message.data.find(' '))) == 0) {
    throw std::runtime_error("nobody has asked for that");
  }
  return {.delta = true, .whole = true};
}

}  // namespace lyceum::bench
