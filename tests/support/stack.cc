#include "support/stack.h"

#include <stdexcept>
#include <utility>

namespace lyceum::test {
namespace {

// Enough to see what went wrong; a long test starts a worker many times.
constexpr size_t kLogBytesMax = 1 << 20;

}  // namespace

std::string Program(const std::string& name) { return std::string(LYCEUM_BIN_DIR) + "/" + name; }

std::string SourceFile(const std::string& path) {
  return std::string(LYCEUM_SOURCE_DIR) + "/" + path;
}

Stack::Stack() {
  const Ran init = Lyceum("admin", {"init"});
  if (init.code != 0) throw std::runtime_error("lyceum init failed: " + init.err);
}

Ran Stack::Lyceum(const std::string& role, std::vector<std::string> args, const std::string& input,
                  std::chrono::milliseconds wait) {
  args.insert(args.begin(), Program("lyceum"));
  return Run(std::move(args), nats_.env_for(role), input, wait);
}

void Stack::ImportCourse(const std::string& path) {
  const Ran ran = Lyceum("admin", {"course", "import", path});
  if (ran.code != 0) throw std::runtime_error("course import failed: " + ran.err);
}

Process& Stack::StartSessionWorker(const std::vector<std::string>& more) {
  if (session_worker_ != nullptr && earlier_logs_.size() < kLogBytesMax) {
    earlier_logs_ += session_worker_->err();
  }
  session_worker_.reset();
  std::vector<std::string> args = {Program("lyceum-session-worker"), "--id", "session-test",
                                   "--data-dir", data_dir()};
  args.insert(args.end(), more.begin(), more.end());
  session_worker_ = std::make_unique<Process>(std::move(args), nats_.env_for("session_worker"));
  return *session_worker_;
}

std::unique_ptr<Process> Stack::StartToolWorker(const std::string& id,
                                                const std::vector<std::string>& more) {
  std::vector<std::string> args = {Program("lyceum-tool-worker"), "--id", id};
  args.insert(args.end(), more.begin(), more.end());
  return std::make_unique<Process>(std::move(args), nats_.env_for("tool_worker"));
}

std::string Stack::session_worker_logs() const {
  return earlier_logs_ + (session_worker_ == nullptr ? "" : session_worker_->err());
}

}  // namespace lyceum::test
