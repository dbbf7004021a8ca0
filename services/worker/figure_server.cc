#include "worker/figure_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "wire/event_loop.h"

namespace lyceum::worker {
namespace {

constexpr int kBacklog = 64;
constexpr std::chrono::seconds kAcceptPause{1};  // While the system gives no more descriptors.

struct Response {
  int status = 200;
  std::string body;
  const char* type = "text/plain; charset=utf-8";
};

const char* ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

// The addresses that HOST:PORT means. Empty: none.
struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
std::unique_ptr<addrinfo, FreeAddresses> AddressesOf(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return nullptr;
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &list) != 0) return nullptr;
  return std::unique_ptr<addrinfo, FreeAddresses>(list);
}

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

struct FigureServer::Impl {
  struct Peer {
    std::string in, out;
    size_t written = 0;
    Deadline until;
  };

  void Run();
  void Watch();  // Accepts or not, as there is room.
  void Accept();
  void OnReady(int fd);
  bool Read(int fd, Peer& peer);   // False: it is gone.
  bool Write(int fd, Peer& peer);  // False: all is written, or it is gone.
  void Close(int fd);
  Response Answer(const std::string& head);
  Response Probe(const FigureServer::Reasons& reasons, const char* good);
  Response Figures();

  std::string program;
  int listener = -1;
  bool beyond_loopback = false;
  std::atomic<bool> stop{false};

  std::mutex mutex;
  Sources sources;                 // Guarded, also while one of them runs.
  const char* phase = "starting";  // Guarded. Null: it serves.

  // The thread's own.
  wire::EventLoop loop;
  std::map<int, Peer> peers;
  bool watched = false;
  Deadline accept_after;

  std::thread thread;
};

void FigureServer::Impl::Run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "figures");
  while (!stop) {
    Watch();
    loop.RunOnce(peers.empty() && watched ? -1 : 100);
    const Deadline now = Steady::now();
    for (auto peer = peers.begin(); peer != peers.end();) {
      const int fd = (peer++)->first;
      if (peers.at(fd).until <= now) Close(fd);
    }
  }
  while (!peers.empty()) Close(peers.begin()->first);
}

void FigureServer::Impl::Watch() {
  const bool wanted = peers.size() < kPeersMax && Steady::now() >= accept_after;
  if (wanted == watched) return;
  if (wanted) {
    watched = loop.Add(listener, EPOLLIN, [this](uint32_t) { Accept(); });
  } else {
    loop.Remove(listener);
    watched = false;
  }
}

void FigureServer::Impl::Accept() {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      accept_after = In(kAcceptPause);
      Watch();
    }
    return;
  }
  peers[fd].until = In(kPatience);
  if (!loop.Add(fd, EPOLLIN, [this, fd](uint32_t) { OnReady(fd); })) Close(fd);
  Watch();
}

void FigureServer::Impl::OnReady(int fd) {
  Peer& peer = peers.at(fd);
  if (peer.out.empty() && !Read(fd, peer)) return Close(fd);
  if (!peer.out.empty() && !Write(fd, peer)) Close(fd);
}

bool FigureServer::Impl::Read(int fd, Peer& peer) {
  char buffer[kHeadBytesMax];
  const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  peer.in.append(buffer, static_cast<size_t>(got));
  Response response;
  if (peer.in.find("\r\n\r\n") != std::string::npos || peer.in.find("\n\n") != std::string::npos) {
    response = Answer(peer.in);
  } else if (peer.in.size() > kHeadBytesMax) {
    response = {431, "the request is too long\n"};
  } else {
    return true;
  }
  const bool head_only = peer.in.starts_with("HEAD ");
  peer.out = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "Connection: close\r\n\r\n{}",
      response.status, ReasonOf(response.status), response.type, response.body.size(),
      head_only ? "" : response.body);
  loop.Modify(fd, EPOLLOUT);
  return true;
}

bool FigureServer::Impl::Write(int fd, Peer& peer) {
  const ssize_t sent = send(fd, peer.out.data() + peer.written, peer.out.size() - peer.written,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  peer.written += static_cast<size_t>(sent);
  return peer.written < peer.out.size();
}

void FigureServer::Impl::Close(int fd) {
  loop.Remove(fd);
  // What was not read of a request would turn the end of the answer into a reset.
  char rest[kHeadBytesMax];
  (void)!recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
  close(fd);
  peers.erase(fd);
}

Response FigureServer::Impl::Answer(const std::string& head) {
  const std::string line = head.substr(0, head.find_first_of("\r\n"));
  const size_t first = line.find(' ');
  const size_t second = line.find(' ', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) return {400, "not HTTP\n"};
  const std::string method = line.substr(0, first);
  if (method != "GET" && method != "HEAD") return {405, "GET and HEAD\n"};
  std::string path = line.substr(first + 1, second - first - 1);
  path = path.substr(0, path.find('?'));
  const std::lock_guard lock(mutex);
  if (path == "/metrics") return Figures();
  if (path == "/livez") return Probe(phase == nullptr ? sources.not_live : Reasons(), "alive\n");
  if (path == "/readyz") {
    if (phase != nullptr) return {503, std::string(phase) + "\n"};
    return Probe(sources.not_ready, "ready\n");
  }
  return {404, "there are /livez, /readyz and /metrics\n"};
}

Response FigureServer::Impl::Probe(const FigureServer::Reasons& reasons, const char* good) {
  const std::vector<std::string> why = reasons ? reasons() : std::vector<std::string>();
  if (why.empty()) return {200, good};
  return {503, Lines(why)};
}

Response FigureServer::Impl::Figures() {
  std::vector<Metric> metrics = ProcessFigures(program);
  if (sources.figures) {
    for (Metric& metric : sources.figures()) metrics.push_back(std::move(metric));
  }
  return {200, Render(metrics), "text/plain; version=0.0.4; charset=utf-8"};
}

FigureServer::FigureServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<FigureServer>> FigureServer::Listen(const std::string& listen,
                                                           std::string program) {
  auto impl = std::make_unique<Impl>();
  impl->program = std::move(program);
  const auto addresses = AddressesOf(listen);
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    const int fd = socket(each->ai_family, each->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          each->ai_protocol);
    if (fd < 0) continue;
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, each->ai_addr, each->ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) {
      impl->listener = fd;
      impl->beyond_loopback = !IsLoopback(*each->ai_addr);
      break;
    }
    close(fd);
  }
  if (impl->listener < 0) {
    return Reject(fmt::format(
        "--metrics-listen {}: cannot listen there. Give a free HOST:PORT of this machine, each "
        "worker its own",
        listen));
  }
  impl->thread = std::thread([raw = impl.get()] { raw->Run(); });
  return std::unique_ptr<FigureServer>(new FigureServer(std::move(impl)));
}

FigureServer::~FigureServer() {
  if (impl_ == nullptr) return;
  impl_->stop = true;
  impl_->loop.Wake();
  impl_->thread.join();
  close(impl_->listener);
}

void FigureServer::Serve(Sources sources) {
  const std::lock_guard lock(impl_->mutex);
  impl_->sources = std::move(sources);
  impl_->phase = nullptr;
}

void FigureServer::End() {
  const std::lock_guard lock(impl_->mutex);
  impl_->sources = {};
  impl_->phase = "stopping";
}

bool FigureServer::beyond_loopback() const { return impl_->beyond_loopback; }

}  // namespace lyceum::worker
