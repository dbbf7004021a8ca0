// lyceum-gateway: the front door for browsers and front ends. See lib/gateway.
//
// Exit codes: services/worker/worker.h.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64url.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/installed.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/token.h"
#include "gateway/host.h"
#include "gateway/issuers.h"
#include "gateway/tls.h"
#include "worker/tracing.h"
#include "worker/worker.h"

namespace lyceum {
namespace {

constexpr const char* kProgram = "lyceum-gateway";

struct Flags {
  worker::Flags worker = worker::DefaultFlags();
  std::string listen = "127.0.0.1:8480";
  std::string tls_cert;
  std::string tls_key;
  bool tls_at_proxy = false;
  std::string web = InstalledFolder("web");
  std::string origins;
  std::string algorithm = "HS256";
  std::string key_file;
  std::string issuer;
  std::string audience = "lyceum";
  std::string tenant_claim;
  std::string issuers;
  bool demo = false;
  std::string demo_course;
  std::string courses;
  int64_t events_per_minute = 60;
  int64_t sockets_per_user = 3;
  int64_t handshakes_per_minute = 20;
  int64_t connections_max = gateway::kConnectionsMax;
  int64_t socket_idle_s = gateway::kSocketIdleMs / 1000;
};

void Declare(Settings& settings, Flags* flags) {
  worker::Declare(settings, &flags->worker);
  settings.Text("listen", &flags->listen, "address and port for browsers and front ends")
      .Text("tls-cert", &flags->tls_cert,
            "file with the server's certificate and those that lead to its authority, in PEM: the "
            "port then speaks TLS 1.2 and 1.3")
      .Text("tls-key", &flags->tls_key,
            "file with its private key in PEM; both are read again when one changes")
      .Switch("tls-at-proxy", &flags->tls_at_proxy,
              "a proxy in front ends TLS: no warning where --listen is not loopback")
      .Text(
          "web", &flags->web,
          "folder of the learner's page (default: ../share/lyceum/web beside the program's folder, "
          "where that is there); empty: none is served")
      .Text("origins", &flags->origins,
            "origins that pages may come from, as https://learn.example.org, with commas between")
      .Text("jwt-algorithm", &flags->algorithm, "of tokens: HS256, RS256 or ES256")
      .Text("jwt-key-file", &flags->key_file,
            "file with the secret (HS256) or the public key in PEM (RS256, ES256)")
      .Text("jwt-issuer", &flags->issuer, "`iss` of tokens")
      .Text("jwt-audience", &flags->audience, "`aud` of tokens")
      .Text("jwt-tenant-claim", &flags->tenant_claim,
            "claim that names a tenant: learners are then <tenant>:<sub> (default: none)")
      .Text("issuers", &flags->issuers,
            "file that names several issuers, or key sets (JWKS); read again when it or a key "
            "changes")
      .Switch("demo", &flags->demo, "gives a token to whoever asks: on a loopback address only")
      .Text("demo-course", &flags->demo_course, "the course that the page starts in demo mode")
      .Text("courses", &flags->courses,
            "what the page offers where its address names no course, as fractions: Fractions from "
            "the start; algebra: Algebra (default: nothing)")
      .Number("events-per-minute", &flags->events_per_minute, 1, 60'000, "of one learner")
      .Number("sockets-per-user", &flags->sockets_per_user, 1, 8, "streams and WebSockets at once")
      .Number("handshakes-per-minute", &flags->handshakes_per_minute, 1, 1'000'000,
              "sockets that one address may open: more behind a proxy")
      .Number("connections-max", &flags->connections_max, 1, 100'000, "of all clients, at once")
      .Number("socket-idle-s", &flags->socket_idle_s, 2, 600,
              "who says nothing is asked after half of it, and closed without an answer after all "
              "of it");
}

std::string Trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// What stands between the separators, without blanks around it.
std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    std::string part = Trimmed(text.substr(begin, end - begin));
    if (!part.empty()) parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

Result<std::vector<gateway::CourseOffer>> ReadCourses(const std::string& text) {
  std::vector<gateway::CourseOffer> courses;
  for (const std::string& each : Split(text, ';')) {
    const size_t colon = std::min(each.find(':'), each.size());
    gateway::CourseOffer course{Trimmed(each.substr(0, colon)),
                                Trimmed(each.substr(std::min(colon + 1, each.size())))};
    if (course.course.empty() || course.title.empty() || !IsUtf8(each)) {
      return Reject("--courses: write each as ID: TITLE, with semicolons between");
    }
    courses.push_back(std::move(course));
  }
  return courses;
}

bool IsLoopback(const std::string& listen) {
  return listen.rfind("127.", 0) == 0 || listen.rfind("[::1]:", 0) == 0;
}

// A secret of this process: its tokens are good as long as it runs.
gateway::Issuer DemoIssuer() {
  std::array<char, 32> secret;
  CHECK(getentropy(secret.data(), secret.size()) == 0);
  return {.key = EncodeBase64Url({secret.data(), secret.size()}),
          .issuer = "lyceum-demo",
          .audience = "lyceum-demo"};
}

// What is read again while it runs, where it was named.
struct Files {
  std::optional<gateway::IssuerFiles> issuers;
  std::optional<gateway::TlsFiles> tls;
};

Result<gateway::HostOptions> HostOptionsOf(const Flags& flags, Files* files) {
  gateway::HostOptions options{
      .nats = flags.worker.nats, .prefix = flags.worker.prefix, .listen = flags.listen};
  options.connections_max = static_cast<size_t>(flags.connections_max);
  options.socket_idle_ms = flags.socket_idle_s * 1000;
  options.gateway.origins = Split(flags.origins, ',');
  for (const std::string& origin : options.gateway.origins) {
    const size_t slashes = origin.find("://");
    if (slashes == std::string::npos || origin.find('/', slashes + 3) != std::string::npos ||
        origin.find('*') != std::string::npos) {
      return Reject(
          "--origins: write each as https://host or https://host:port, without a path or *");
    }
  }
  auto courses = ReadCourses(flags.courses);
  if (!courses) return courses.error();
  options.gateway.courses = *std::move(courses);
  options.gateway.events_per_minute = static_cast<double>(flags.events_per_minute);
  options.gateway.sockets_per_user = static_cast<int>(flags.sockets_per_user);
  options.gateway.handshakes_per_minute = static_cast<double>(flags.handshakes_per_minute);
  if (!flags.key_file.empty()) {
    auto algorithm = gateway::ParseAlgorithm(flags.algorithm);
    if (!algorithm) return Reject("--jwt-algorithm: " + algorithm.error().text);
    auto key = gateway::ReadKeyFile(flags.key_file);
    if (!key) return Reject("--jwt-key-file " + key.error().text);
    options.gateway.issuers.push_back({.algorithm = *algorithm,
                                       .key = *std::move(key),
                                       .issuer = flags.issuer,
                                       .audience = flags.audience,
                                       .tenant_claim = flags.tenant_claim});
  }
  if (flags.tls_cert.empty() != flags.tls_key.empty()) {
    return Reject("name both --tls-cert and --tls-key, or none of them");
  }
  if (files->tls && flags.tls_at_proxy) {
    return Reject("name --tls-cert and --tls-key or --tls-at-proxy: TLS ends at one of them");
  }
  if (files->tls) {
    auto tls = files->tls->Read();
    if (!tls) return tls.error();
    options.tls = *std::move(tls);
  }
  if (files->issuers) {
    if (!flags.key_file.empty()) return Reject("name --issuers or --jwt-key-file, not both");
    auto issuers = files->issuers->Read();
    if (!issuers) return Reject("--issuers " + issuers.error().text);
    options.gateway.issuers = *std::move(issuers);
  }
  if (flags.demo) {
    if (!IsLoopback(flags.listen)) {
      return Reject("--demo lets anybody in: --listen must be a loopback address with it");
    }
    options.gateway.demo = DemoIssuer();
    options.gateway.demo_course = flags.demo_course;
    options.gateway.issuers.push_back(*options.gateway.demo);
  }
  if (options.gateway.issuers.empty()) {
    return Reject(
        "nobody could come in: name --jwt-key-file, --jwt-issuer and --jwt-audience, or --issuers, "
        "or --demo");
  }
  if (!flags.web.empty()) {
    auto pages = gateway::Pages::Load(flags.web);
    if (!pages) return Reject("--web: " + pages.error().text);
    options.pages = *std::move(pages);
  }
  return options;
}

std::vector<worker::Metric> Figures(const gateway::GatewayHost& host) {
  const gateway::Counters& counters = host.counters();
  const auto figure = [](const std::atomic<uint64_t>& value) {
    return static_cast<double>(value.load());
  };
  std::vector<worker::Metric> figures = {
      {"lyceum_gateway_requests_total", "HTTP requests", figure(counters.requests)},
      {"lyceum_gateway_events_total", "Events stored", figure(counters.events)},
      {"lyceum_gateway_messages_total", "Messages to clients", figure(counters.messages)},
      {"lyceum_gateway_slow_clients_total", "Closed because they did not read",
       figure(counters.slow_clients)},
      {"lyceum_gateway_timeouts_total", "Closed because a request or a pong did not come in time",
       figure(counters.timeouts)},
      {"lyceum_gateway_sockets", "Streams and WebSockets of learners", figure(counters.sockets),
       false},
      {"lyceum_gateway_connections", "Open connections", static_cast<double>(host.connections()),
       false},
      {"lyceum_gateway_tls_certificate_ends", "Unix time, seconds; 0: this port has no certificate",
       static_cast<double>(host.tls_ends_unix_s()), false},
      {"lyceum_gateway_connected", "1: connected to NATS", host.connected() ? 1.0 : 0.0, false},
  };
  const auto refused = [&](const char* why, const std::atomic<uint64_t>& value) {
    figures.push_back({"lyceum_gateway_refused_total",
                       "Requests and events refused",
                       figure(value),
                       true,
                       {{"reason", why}}});
  };
  refused("request", counters.refused_request);
  refused("tls", counters.refused_tls);
  refused("size", counters.refused_size);
  refused("token", counters.refused_token);
  refused("origin", counters.refused_origin);
  refused("session", counters.refused_session);
  refused("rate", counters.refused_rate);
  refused("sockets", counters.refused_sockets);
  refused("handshakes", counters.refused_handshakes);
  refused("full", counters.refused_full);
  refused("away", counters.refused_away);
  return figures;
}

worker::FigureServer::Sources SourcesOf(const gateway::GatewayHost& host) {
  return {.figures = [&host] { return Figures(host); },
          .not_live = [&host] { return worker::WhyNotLive(host.still_ms()); },
          .not_ready =
              [&host] {
                return host.connected() ? std::vector<std::string>()
                                        : std::vector<std::string>{"no connection to NATS"};
              },
          .still_ms = [&host] { return host.still_ms(); }};
}

// Keys that an issuer has exchanged; what cannot be read leaves the earlier ones.
void ReadAgain(gateway::IssuerFiles* files, gateway::GatewayHost* host) {
  auto issuers = files->Read();
  Result<void> set = issuers ? host->SetIssuers(*issuers) : Result<void>(issuers.error());
  if (set) {
    LogInfo("the issuers were read again", {{"keys", issuers->size()}});
  } else {
    LogError("the issuers are as before: mend the file", {{"why", set.error().text}});
  }
}

void SayWhenItEnds(const gateway::Tls& tls) {
  const int64_t left_s = tls.ends_unix_s - UnixMs() / 1000;
  if (left_s < 0) LogError("the certificate has ended: clients refuse it", {{"seconds", -left_s}});
  if (left_s >= 0) LogInfo("the certificate is good", {{"for_s", left_s}});
}

void ReadAgain(gateway::TlsFiles* files, gateway::GatewayHost* host) {
  auto tls = files->Read();
  if (!tls) {
    return LogError("the certificate is as before: mend the files", {{"why", tls.error().text}});
  }
  SayWhenItEnds(*tls);
  host->SetTls(*std::move(tls));
}

worker::Look LookAfter(gateway::GatewayHost& host, Files* files) {
  return [&host, files, seen = uint64_t{0}]() mutable -> std::optional<Error> {
    if (files->issuers && files->issuers->Changed()) ReadAgain(&*files->issuers, &host);
    if (files->tls && files->tls->Changed()) ReadAgain(&*files->tls, &host);
    if (const uint64_t errors = host.async_errors(); errors != seen) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", errors}, {"last", host.last_async_error()}});
      seen = errors;
    }
    return std::nullopt;
  };
}

int Run(int argc, char** argv) {
  CatchStopSignals();
  Flags flags;
  Settings settings;
  Declare(settings, &flags);
  auto go_on = settings.Load(kProgram, "Lets browsers and front ends in.", argc, argv);
  if (!go_on) return worker::Complain(kProgram, go_on.error());
  if (!*go_on) return worker::kDone;
  if (auto good = worker::Check(flags.worker); !good)
    return worker::Complain(kProgram, good.error());
  flags.worker.nats.name = fmt::format("{} {}", kProgram, flags.worker.id);
  Files files;
  if (!flags.issuers.empty()) files.issuers.emplace(flags.issuers);
  if (!flags.tls_cert.empty() && !flags.tls_key.empty()) {
    files.tls.emplace(flags.tls_cert, flags.tls_key);
  }
  auto options = HostOptionsOf(flags, &files);
  if (!options) return worker::Complain(kProgram, options.error());
  InitLog(kProgram, flags.worker.id, flags.worker.log_level);
  options->service = worker::ServiceOf(flags.worker, kProgram, "Lets browsers and front ends in");
  if (options->tls.context != nullptr) SayWhenItEnds(options->tls);
  if (options->tls.context == nullptr && !flags.tls_at_proxy && !IsLoopback(flags.listen)) {
    LogWarn(
        "tokens and what learners write cross the network in the clear: name --tls-cert and "
        "--tls-key, or --tls-at-proxy where a proxy in front ends TLS",
        {{"listen", flags.listen}});
  }
  auto figures = worker::ListenForFigures(flags.worker, kProgram);
  if (!figures) return worker::Fail(figures.error());
  auto tracing = worker::Tracing::Start(flags.worker, kProgram);
  if (!tracing) return worker::Fail(tracing.error());
  options->gateway.tracer = (*tracing)->tracer();
  auto host = gateway::GatewayHost::Start(*std::move(options));
  if (!host) return worker::Fail(host.error());
  LogInfo("started", {{"listen", flags.listen},
                      {"port", (*host)->port()},
                      {"tls", files.tls.has_value()},
                      {"demo", flags.demo}});
  const int code = worker::ServeUntilStopped(
      figures->get(), (*tracing)->WithFigures(SourcesOf(**host)), LookAfter(**host, &files));
  LogInfo("stopped", {{"requests", (*host)->counters().requests.load()}});
  return code;
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
