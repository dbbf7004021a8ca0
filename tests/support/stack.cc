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

Stack::Stack() : Stack(Options()) {}

Stack::Stack(const Options& options) {
  NatsServer::Options node{
      .tls = options.tls, .program = options.nats_program, .more_users = options.more_users};
  for (size_t i = 0; options.nodes > 1 && i < options.nodes; ++i) {
    node.cluster_ports.push_back(FreePort());
  }
  for (; node.node < options.nodes; ++node.node)
    nodes_.push_back(std::make_unique<NatsServer>(node));
  const Ran init =
      Lyceum("admin", {"init", "--replicas", std::to_string(options.nodes), "--timeout", "120"}, "",
             std::chrono::seconds(130));
  if (init.code != 0) throw std::runtime_error("lyceum init failed: " + init.err);
}

std::string Stack::Urls() const {
  std::string urls;
  for (const auto& node : nodes_) urls += (urls.empty() ? "" : ",") + node->url();
  return urls;
}

std::map<std::string, std::string> Stack::env_for(const std::string& role) const {
  auto env = nodes_.front()->env_for(role);
  env["NATS_URL"] = Urls();
  return env;
}

std::shared_ptr<wire::Connection> Stack::Connect(const std::string& role) const {
  wire::ConnectOptions options = nodes_.front()->options_for(role);
  options.url = Urls();
  auto connection = wire::Connection::Connect(options);
  if (!connection) throw std::runtime_error(connection.error().text);
  return *connection;
}

Ran Stack::Lyceum(const std::string& role, std::vector<std::string> args, const std::string& input,
                  std::chrono::milliseconds wait) {
  args.insert(args.begin(), Program("lyceum"));
  return Run(std::move(args), env_for(role), input, wait);
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
  session_worker_ = std::make_unique<Process>(std::move(args), env_for("session_worker"));
  return *session_worker_;
}

std::unique_ptr<Process> Stack::StartToolWorker(const std::string& id,
                                                const std::vector<std::string>& more) {
  std::vector<std::string> args = {Program("lyceum-tool-worker"), "--id", id};
  args.insert(args.end(), more.begin(), more.end());
  return std::make_unique<Process>(std::move(args), env_for("tool_worker"));
}

std::string Stack::session_worker_logs() const {
  return earlier_logs_ + (session_worker_ == nullptr ? "" : session_worker_->err());
}

}  // namespace lyceum::test
