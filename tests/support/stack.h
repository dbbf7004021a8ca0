// A whole Lyceum for one test: the real programs, each in its role, on a real nats-server.
//
//   Stack stack;                         // Server, `lyceum init`, no workers yet.
//   stack.ImportCourse(path);
//   stack.StartSessionWorker();  auto tools = stack.StartToolWorker("t1");
//   stack.session_worker().Kill9();  stack.StartSessionWorker();
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/nats_server.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace lyceum::test {

class Stack {
 public:
  struct Options {
    size_t nodes = 1;               // Of the server: three are a cluster, with three copies of all.
    std::string nats_program = {};  // Another than the system's.
    NatsServer::Tls tls = {};
    std::string more_users = {};  // As NatsServer's.
  };
  Stack();  // Throws where the server or `lyceum init` fails.
  explicit Stack(const Options& options);

  NatsServer& nats() { return *nodes_.front(); }
  size_t nodes() const { return nodes_.size(); }
  NatsServer& node(size_t i) { return *nodes_[i]; }
  // As NatsServer's, with all nodes.
  std::map<std::string, std::string> env_for(const std::string& role) const;
  std::shared_ptr<wire::Connection> Connect(const std::string& role) const;
  // The `lyceum` command as that role, to its end.
  Ran Lyceum(const std::string& role, std::vector<std::string> args, const std::string& input = "",
             std::chrono::milliseconds wait = std::chrono::seconds(60));
  // Throws where it fails.
  void ImportCourse(const std::string& path);

  // (Re)starts it on its own store; does not wait until it is ready.
  Process& StartSessionWorker(const std::vector<std::string>& more = {});
  Process& session_worker() { return *session_worker_; }
  std::unique_ptr<Process> StartToolWorker(const std::string& id,
                                           const std::vector<std::string>& more = {});
  std::string data_dir() const { return dir_ / "sessions"; }
  // What every session worker of this test has written, the present one last.
  std::string session_worker_logs() const;

 private:
  std::string Urls() const;

  std::vector<std::unique_ptr<NatsServer>> nodes_;
  TempDir dir_;
  std::string earlier_logs_;
  std::unique_ptr<Process> session_worker_;
};

// A program of this build.
std::string Program(const std::string& name);
// A file of the repository.
std::string SourceFile(const std::string& path);

}  // namespace lyceum::test
