// A real nats-server for one test: on a free loopback port that it keeps over restarts, with its
// store in a folder of its own, by default with ops/nats/lyceum.conf, so that the permissions are
// always in force.
//
//   NatsServer server;
//   auto connection = server.Connect("gateway");
//   server.Kill9();  server.Restart();
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"
#include "wire/connection.h"

namespace lyceum::test {

class NatsServer {
 public:
  // Files in PEM.
  struct Tls {
    std::string certificate = {};  // Empty: without TLS. It is its own authority.
    std::string key = {};
    bool both = false;  // Whoever connects must have a certificate of that authority too.
  };
  struct Options {
    bool roles = true;         // false: no users, no mapping: everybody may do everything.
    bool jetstream = true;     // false: also means no roles.
    int partitions = 16;       // Of the mapping.
    Tls tls = {};              // The server then speaks nothing else.
    std::string program = {};  // Another nats-server than the system's.
    // One more user, as the configuration has them: `user: NAME, password: $NAME_PASSWORD` with the name in capitals.
    std::string more_users = {};
    // Of a cluster: the port of each node for the others, and which of them this one is. Clients are
    // told of no other node.
    std::vector<int> cluster_ports = {};
    size_t node = 0;
  };

  NatsServer();  // The options as they stand above.
  explicit NatsServer(
      const Options& options);  // Returns when it answers; throws where it does not.

  std::string url() const;  // nats://127.0.0.1:<port>, or tls://
  // With user and password. Roles: gateway operator session_worker tool_worker admin.
  std::string url_for(const std::string& role) const;
  std::string password(const std::string& role) const;
  // NATS_URL, NATS_USER, NATS_PASSWORD and the files for TLS, for a program that is to be that role.
  std::map<std::string, std::string> env_for(const std::string& role) const;
  int port() const { return port_; }
  pid_t pid() const { return process_->pid(); }
  std::string log() const { return process_->err(); }
  std::string store_dir() const { return dir_ / "store"; }

  wire::ConnectOptions options_for(const std::string& role) const;
  // Throws where it fails. `role` empty: without a user.
  std::shared_ptr<wire::Connection> Connect(const std::string& role) const;

  void Kill9() { process_->Kill9(); }
  void Stop();     // SIGTERM, and waits for the end.
  void Restart();  // Starts it again on its port and its store; ends it first where it runs.

 private:
  void WriteConfig();
  bool Start();  // False: it ended at once or did not answer in time.
  bool Answers() const;

  const Options options_;
  TempDir dir_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

// A port of 127.0.0.1 that nobody listens to. Below the range the kernel takes ports for outgoing
// connections from, so that a client that tries it again and again can not connect to itself.
int FreePort();

}  // namespace lyceum::test
