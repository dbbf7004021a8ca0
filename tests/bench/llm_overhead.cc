// What the HTTP client costs, against a server that speaks as language models do, in a process of
// its own on loopback:
//
//   first piece   time from the request to the first bytes of text, through HttpClient and through
//                 plain curl (one easy handle, used again and again), in turns. Ratio and
//                 difference.
//   in flight     a number of transfers at once, each answered after a wait: the processor time of
//                 this process alone, in per cent of one core.
//
// bench_llm [--asks 2000] [--in-flight 500] [--wait-ms 2000] [--rounds 3]: a table, and a line of
// JSON.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/llm_server.h"
#include "wire/http.h"

namespace lyceum {
namespace {

const std::string kBody = R"({"model":"m","stream":true,"max_tokens":100})";
constexpr std::chrono::seconds kWhole{60};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Since(Deadline begun) {
  return std::chrono::duration<double>(Steady::now() - begun).count();
}

// The server in a child of this process: what it costs is not ours. Ends with its owner.
class ServerProcess {
 public:
  explicit ServerProcess(std::chrono::milliseconds before) {
    int url[2];
    int stop[2];
    if (pipe(url) != 0 || pipe(stop) != 0) throw std::runtime_error("no pipes are left");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("can not fork");
    if (pid_ == 0) {
      close(stop[1]);
      Serve(before, url[1], stop[0]);
    }
    close(url[1]);
    close(stop[0]);
    stop_ = stop[1];
    char room[128];
    const ssize_t got = read(url[0], room, sizeof(room));
    close(url[0]);
    if (got <= 0) throw std::runtime_error("the server did not start");
    url_.assign(room, static_cast<size_t>(got));
  }
  ~ServerProcess() {
    close(stop_);
    waitpid(pid_, nullptr, 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::string messages() const { return url_ + "/v1/messages"; }

 private:
  [[noreturn]] static void Serve(std::chrono::milliseconds before, int url, int stop) {
    {
      test::LlmServer server([before](const test::LlmCall&) {
        test::LlmReply reply;
        reply.text = "Add the numerators, and keep the denominator as it is.";
        reply.before = before;
        return reply;
      });
      const std::string text = server.url();
      if (write(url, text.data(), text.size()) < 0) _exit(1);
      close(url);
      char end = 0;
      if (read(stop, &end, 1) < 0) _exit(1);
    }
    _exit(0);
  }

  pid_t pid_ = -1;
  int stop_ = -1;
  std::string url_;
};

// Plain curl, as little of it as answers the question.
class PlainCurl {
 public:
  explicit PlainCurl(const std::string& url) {
    headers_.reset(curl_slist_append(nullptr, "content-type: application/json"));
    CURL* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, kBody.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &PlainCurl::OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  }
  double FirstPiece() {
    first_ = -1;
    begun_ = Steady::now();
    if (curl_easy_perform(easy_.get()) != CURLE_OK) throw std::runtime_error("curl failed");
    return first_;
  }

 private:
  static size_t OnBody(char*, size_t size, size_t count, void* closure) {
    auto& curl = *static_cast<PlainCurl*>(closure);
    if (curl.first_ < 0) curl.first_ = Since(curl.begun_);
    return size * count;
  }
  struct Cleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<CURL, Cleanup> easy_{curl_easy_init()};
  Deadline begun_;
  double first_ = -1;
};

wire::HttpRequest Request(const std::string& url) {
  wire::HttpRequest request;
  request.url = url;
  request.headers = {{"content-type", "application/json"}};
  request.body = kBody;
  request.deadline = In(kWhole);
  return request;
}

double FirstPiece(wire::HttpClient& client, const std::string& url) {
  const Deadline begun = Steady::now();
  wire::HttpTransfer transfer = client.Begin(Request(url));
  if (!transfer.Head() || !transfer.Read()) throw std::runtime_error("the client failed");
  const double first = Since(begun);
  if (!transfer.ReadAll(1 << 20)) throw std::runtime_error("the client failed");
  return first;
}

double Quantile(std::vector<double> values, double q) {
  const size_t at = std::min(values.size() - 1, static_cast<size_t>(q * values.size()));
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(at), values.end());
  return values[at];
}

struct Load {
  double cpu_s = 0;
  double wall_s = 0;
  uint64_t answered = 0;
};

// Waves of requests that all wait at once; each is read by a thread of its own, as tools do.
Load InFlight(wire::HttpClient& client, const std::string& url, size_t in_flight, int rounds) {
  std::atomic<uint64_t> answered{0};
  Load load;
  const double cpu_before = CpuSeconds();
  const Deadline begun = Steady::now();
  std::vector<std::thread> readers;
  for (size_t i = 0; i < in_flight; ++i) {
    readers.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        wire::HttpTransfer transfer = client.Begin(Request(url));
        while (true) {
          const auto piece = transfer.Read();
          if (!piece) return;
          if (piece->empty()) break;
        }
        ++answered;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  load.wall_s = Since(begun);
  load.cpu_s = CpuSeconds() - cpu_before;
  load.answered = answered;
  return load;
}

int Main(int argc, char** argv) {
  size_t asks = 2000;
  size_t in_flight = 500;
  int wait_ms = 2000;
  int rounds = 3;
  CLI::App app("What the HTTP client costs");
  app.add_option("--asks", asks)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", in_flight)->check(CLI::PositiveNumber);
  app.add_option("--wait-ms", wait_ms)->check(CLI::NonNegativeNumber);
  app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  // Both before the first thread of this process: they are its children.
  const ServerProcess quick(std::chrono::milliseconds(0));
  const ServerProcess slow{std::chrono::milliseconds(wait_ms)};
  wire::HttpClient::Options options;
  options.transfers_max = in_flight;
  options.connections_kept_max = in_flight;
  const auto client = wire::HttpClient::Start(options);
  if (!client) throw std::runtime_error(client.error().text);

  PlainCurl curl(quick.messages());
  std::vector<double> plain;
  std::vector<double> ours;
  constexpr size_t kWarm = 50;
  for (size_t i = 0; i < asks + kWarm; ++i) {
    const double one = curl.FirstPiece();
    const double other = FirstPiece(**client, quick.messages());
    if (i < kWarm) continue;
    plain.push_back(one * 1e3);
    ours.push_back(other * 1e3);
  }
  const double plain_p50 = Quantile(plain, 0.5), plain_p99 = Quantile(plain, 0.99);
  const double ours_p50 = Quantile(ours, 0.5), ours_p99 = Quantile(ours, 0.99);
  fmt::print("first piece of text, {} asks each\n", asks);
  fmt::print("{:<14}{:>10}{:>10}\n", "", "p50 ms", "p99 ms");
  fmt::print("{:<14}{:>10.3f}{:>10.3f}\n", "plain curl", plain_p50, plain_p99);
  fmt::print("{:<14}{:>10.3f}{:>10.3f}\n", "client", ours_p50, ours_p99);
  fmt::print("{:<14}{:>10.3f}{:>10.3f}\n", "difference", ours_p50 - plain_p50,
             ours_p99 - plain_p99);

  const Load load = InFlight(**client, slow.messages(), in_flight, rounds);
  const double percent = 100 * load.cpu_s / load.wall_s;
  fmt::print("\n{} in flight, each answered after {} ms, {} rounds\n", in_flight, wait_ms, rounds);
  fmt::print("answered {}, wall {:.2f} s, processor {:.3f} s: {:.1f} % of a core\n", load.answered,
             load.wall_s, load.cpu_s, percent);

  const nlohmann::json line = {{"bench", "llm_http"},       {"plain_p50_ms", plain_p50},
                               {"plain_p99_ms", plain_p99}, {"client_p50_ms", ours_p50},
                               {"client_p99_ms", ours_p99}, {"in_flight", in_flight},
                               {"answered", load.answered}, {"wall_s", load.wall_s},
                               {"cpu_s", load.cpu_s},       {"cpu_percent_of_core", percent}};
  fmt::print("{}\n", line.dump());
  return load.answered == in_flight * static_cast<uint64_t>(rounds) ? 0 : 1;
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) {
  try {
    return lyceum::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_llm: {}\n", error.what());
    return 1;
  }
}
