#include "support/nats_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <stdexcept>

#include "support/eventually.h"

namespace lyceum::test {
namespace {

constexpr int kFirstPort = 12000;
constexpr int kLastPort = 31999;
constexpr int kPortTries = 200;
constexpr int kStartTries = 5;
constexpr std::chrono::seconds kStartWait{20};
constexpr int kInfoWaitMs = 500;

const std::vector<std::string> kRoles = {"gateway", "operator", "session_worker", "tool_worker",
                                         "teacher", "author",   "admin",          "system"};

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool IsFree(int port) {
  const Socket probe;
  const int yes = 1;  // As the server does: a port in TIME_WAIT is free.
  setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const sockaddr_in address = Loopback(port);
  return bind(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void ReplaceAll(std::string* text, const std::string& from, const std::string& to) {
  for (size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

std::string Program() {
  return access("/usr/sbin/nats-server", X_OK) == 0 ? "/usr/sbin/nats-server" : "nats-server";
}

}  // namespace

int FreePort() {
  std::random_device random;
  for (int i = 0; i < kPortTries; ++i) {
    const int port = kFirstPort + static_cast<int>(random() % (kLastPort - kFirstPort + 1));
    if (IsFree(port)) return port;
  }
  throw std::runtime_error("no free port");
}

NatsServer::NatsServer() : NatsServer(Options{}) {}

NatsServer::NatsServer(const Options& options) : options_(options) {
  WriteConfig();
  for (int i = 0; i < kStartTries; ++i) {
    port_ = FreePort();
    if (Start()) return;
  }
  throw std::runtime_error("nats-server does not start: " + log());
}

void NatsServer::WriteConfig() {
  std::string config = "listen: $LYCEUM_NATS_LISTEN\n";
  if (options_.jetstream && options_.roles) {
    config = ReadFile(std::string(LYCEUM_SOURCE_DIR) + "/ops/nats/lyceum.conf");
    ReplaceAll(&config, "partition(16,", "partition(" + std::to_string(options_.partitions) + ",");
    ReplaceAll(&config, "\n    users: [\n", "\n    users: [\n" + options_.more_users + "\n");
  } else if (options_.jetstream) {
    config += "jetstream { store_dir: $LYCEUM_NATS_STORE }\n";
  }
  if (const Tls& tls = options_.tls; !tls.certificate.empty()) {
    config += "tls { cert_file: \"" + tls.certificate + "\", key_file: \"" + tls.key + "\"" +
              (tls.both ? ", verify: true, ca_file: \"" + tls.certificate + "\"" : "") + " }\n";
  }
  if (!options_.cluster_ports.empty()) {
    const std::string node = std::to_string(options_.node);
    ReplaceAll(&config, "server_name: lyceum", "server_name: lyceum-" + node);
    config += "cluster {\n  name: lyceum\n  no_advertise: true\n  listen: 127.0.0.1:" +
              std::to_string(options_.cluster_ports[options_.node]) + "\n  routes: [";
    for (const int port : options_.cluster_ports) {
      config += "nats-route://127.0.0.1:" + std::to_string(port) + ",";
    }
    config += " ]\n}\n";
  }
  WriteFile(dir_ / "server.conf", config);
}

bool NatsServer::Start() {
  std::map<std::string, std::string> env = {
      {"LYCEUM_NATS_LISTEN", "127.0.0.1:" + std::to_string(port_)},
      {"LYCEUM_NATS_STORE", store_dir()},
  };
  for (const std::string& role : kRoles)
    env["LYCEUM_" + Upper(role) + "_PASSWORD"] = password(role);
  if (const size_t begin = options_.more_users.find("user: "); begin != std::string::npos) {
    const size_t name = begin + 6, end = options_.more_users.find(',', name);
    const std::string role = options_.more_users.substr(name, end - name);
    env[Upper(role) + "_PASSWORD"] = password(role);
  }
  process_ = std::make_unique<Process>(
      std::vector<std::string>{options_.program.empty() ? Program() : options_.program, "-c",
                               dir_ / "server.conf"},
      env);
  bool answers = false;
  Eventually(kStartWait, [&] {
    answers = process_->running() && Answers();
    return answers || !process_->running();
  });
  return answers;
}

bool NatsServer::Answers() const {
  const Socket probe;
  const sockaddr_in address = Loopback(port_);
  if (connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return false;
  }
  pollfd readable{probe.fd(), POLLIN, 0};
  char first[5] = {};
  return poll(&readable, 1, kInfoWaitMs) == 1 && read(probe.fd(), first, sizeof(first)) == 5 &&
         std::string(first, 5) == "INFO ";
}

std::string NatsServer::url() const {
  return (options_.tls.certificate.empty() ? "nats://127.0.0.1:" : "tls://127.0.0.1:") +
         std::to_string(port_);
}

std::string NatsServer::password(const std::string& role) const {
  return "password" + std::to_string(role.size()) + "of" + role;
}

std::string NatsServer::url_for(const std::string& role) const {
  return "nats://" + role + ":" + password(role) + "@127.0.0.1:" + std::to_string(port_);
}

std::map<std::string, std::string> NatsServer::env_for(const std::string& role) const {
  std::map<std::string, std::string> env = {
      {"NATS_URL", url()}, {"NATS_USER", role}, {"NATS_PASSWORD", password(role)}};
  if (!options_.tls.certificate.empty()) env["NATS_CA"] = options_.tls.certificate;
  if (options_.tls.both) {
    env["NATS_CERT"] = options_.tls.certificate;
    env["NATS_KEY"] = options_.tls.key;
  }
  return env;
}

wire::ConnectOptions NatsServer::options_for(const std::string& role) const {
  wire::ConnectOptions options;
  options.url = url();
  options.name = "test " + role;
  options.user = role;
  if (!role.empty()) options.password = password(role);
  options.ca_file = options_.tls.certificate;
  if (options_.tls.both) {
    options.certificate_file = options_.tls.certificate;
    options.key_file = options_.tls.key;
  }
  return options;
}

std::shared_ptr<wire::Connection> NatsServer::Connect(const std::string& role) const {
  auto connection = wire::Connection::Connect(options_for(role));
  if (!connection) throw std::runtime_error(connection.error().text);
  return *connection;
}

void NatsServer::Stop() {
  process_->Terminate();
  if (!process_->Wait(In(kStartWait))) process_->Kill9();
}

void NatsServer::Restart() {
  if (process_->running()) Stop();
  const Deadline deadline = In(kStartWait);
  while (!Start()) {  // The port may be held for a moment.
    if (LeftMs(deadline) == 0)
      throw std::runtime_error("nats-server does not start again: " + log());
  }
}

}  // namespace lyceum::test
