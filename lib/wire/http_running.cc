#include "wire/http_running.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/http_loop.h"

namespace lyceum::wire {
namespace {

// Curl keeps a piece it could not hand over: this bounds what a paused transfer holds.
constexpr long kReceiveBytes = 16 * 1024;
constexpr long kKeepAliveSeconds = 30;

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// One line of the head. The lines of interim responses (1xx) come first; those of a trailer, after
// the head.
size_t OnHeader(char* data, size_t size, size_t count, void* closure) {
  auto& running = *static_cast<HttpRunning*>(closure);
  const size_t bytes = size * count;
  running.loop->Heard(running);
  running.head_bytes += bytes;
  if (running.head_bytes > running.bounds.head_bytes_max) {
    running.refused = {HttpFailure::kTooLarge,
                       Reject(fmt::format("the head of the answer of {} is longer than {} bytes",
                                          running.target.where, running.bounds.head_bytes_max))};
    return 0;
  }
  if (running.head_whole) return bytes;
  std::string_view line(data, bytes);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  HttpHead& head = running.head;
  if (line.starts_with("HTTP/")) {
    head = {};
  } else if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(running.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return bytes;
    head.status = static_cast<int>(status);
    running.head_whole = true;
    running.flow->PutHead(head);
    running.loop->Touch(running);
  } else if ((line.front() == ' ' || line.front() == '\t') && !head.headers.empty()) {
    head.headers.back().second.append(" ").append(Trimmed(line));
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    head.headers.emplace_back(Trimmed(line.substr(0, colon)), Trimmed(line.substr(colon + 1)));
  }
  return bytes;
}

size_t OnBody(char* data, size_t size, size_t count, void* closure) {
  auto& running = *static_cast<HttpRunning*>(closure);
  const size_t bytes = size * count;
  running.loop->Heard(running);
  switch (running.flow->PutBody(data, bytes)) {
    case HttpFlow::Put::kFull:
      running.paused = true;
      return CURL_WRITEFUNC_PAUSE;
    case HttpFlow::Put::kUnwanted:
      return 0;
    case HttpFlow::Put::kTaken:
      running.loop->Touch(running);
  }
  return bytes;
}

bool HasHeader(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return SameName(header.first, name); });
}

HeaderList MakeHeaders(const HttpRequest& request) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    CHECK(longer != nullptr);
    if (!list) list.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    // A header without a value is spelt like this; with a colon it would be taken away.
    add(Trimmed(value).empty() ? name + ";" : name + ": " + value);
  }
  add("Expect:");  // No question before a body: it costs a round trip.
  add("Accept-Encoding: gzip");
  if (request.method == "POST" && !HasHeader(request.headers, "content-type")) add("Content-Type:");
  return list;
}

std::string Printable(const char* text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return clean;
}

template <class T>
void Set(HttpRunning& running, CURLoption option, T value) {
  CHECK(curl_easy_setopt(running.easy.get(), option, value) == CURLE_OK);
}

void SetProxy(HttpRunning& running, const HttpProxies& proxies) {
  // What listens on this host is asked directly: another host's proxy could not reach it.
  const bool direct = running.target.loopback;
  const std::string& proxy = running.target.https ? proxies.https : proxies.http;
  running.proxy = !direct && !proxy.empty();
  Set(running, CURLOPT_PROXY, direct ? "" : proxy.c_str());
  Set(running, CURLOPT_NOPROXY, proxies.none.c_str());
  Set(running, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // Not to a proxy.
  Set(running, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void SetTls(HttpRunning& running, const std::string& ca_file) {
  Set(running, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  Set(running, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(running, CURLOPT_SSL_VERIFYHOST, 2L);
  // Without a folder curl reads the certificates once, not for each connection.
  Set(running, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  if (!ca_file.empty()) Set(running, CURLOPT_CAINFO, ca_file.c_str());
}

bool IsTls(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<HttpRunning>> HttpRunning::Make(HttpRequest request,
                                                       const HttpClient::Options& options,
                                                       const HttpProxies& proxies) {
  CHECK(request.deadline != Deadline{});
  if (request.method != "GET" && request.method != "POST") {
    return Reject("only GET and POST can be asked");
  }
  if (request.method == "GET" && !request.body.empty()) return Reject("a GET has no body");
  if (std::string problem = HeaderProblem(request.headers); !problem.empty()) {
    return Reject(std::move(problem));
  }
  auto target = ParseTarget(request.url, request.plain_http_allowed);
  if (!target) return target.error();

  auto made = std::make_unique<HttpRunning>();
  HttpRunning& running = *made;
  running.target = *std::move(target);
  running.bounds = request.bounds;
  running.deadline = request.deadline;
  running.begun = Steady::now();
  running.heard = running.begun;
  running.headers = MakeHeaders(request);
  running.body = std::move(request.body);
  running.easy.reset(curl_easy_init());
  CHECK(running.easy);

  Set(running, CURLOPT_PRIVATE, &running);
  Set(running, CURLOPT_ERRORBUFFER, running.curl_text.data());
  Set(running, CURLOPT_NOSIGNAL, 1L);
  Set(running, CURLOPT_QUICK_EXIT, 1L);  // The end of a transfer does not wait for a name server.
  Set(running, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(running, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  // One connection, one response: a reader that is slow holds up nobody else's.
  Set(running, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(running, CURLOPT_FOLLOWLOCATION, 0L);
  Set(running, CURLOPT_HTTP_CONTENT_DECODING, 0L);  // Its output has no bound: the reader decodes.
  Set(running, CURLOPT_TCP_NODELAY, 1L);
  Set(running, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(running, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  Set(running, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  Set(running, CURLOPT_BUFFERSIZE, kReceiveBytes);
  Set(running, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::max<int64_t>(running.bounds.connect.count(), 1)));
  Set(running, CURLOPT_USERAGENT, options.user_agent.c_str());
  Set(running, CURLOPT_CURLU, running.target.url.get());
  Set(running, CURLOPT_HTTPHEADER, running.headers.get());
  Set(running, CURLOPT_HEADERFUNCTION, OnHeader);
  Set(running, CURLOPT_HEADERDATA, &running);
  Set(running, CURLOPT_WRITEFUNCTION, OnBody);
  Set(running, CURLOPT_WRITEDATA, &running);
  if (request.method == "POST") {
    Set(running, CURLOPT_POST, 1L);
    Set(running, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(running.body.size()));
    Set(running, CURLOPT_POSTFIELDS, running.body.c_str());
  }
  SetProxy(running, proxies);
  SetTls(running, request.ca_file.empty() ? options.ca_file : request.ca_file);
  return made;
}

std::pair<Deadline, HttpFailure> HttpRunning::Due() const {
  std::pair<Deadline, HttpFailure> first{deadline, HttpFailure::kDeadline};
  const auto sooner = [&](Deadline other, HttpFailure failure) {
    if (other < first.first) first = {other, failure};
  };
  if (!answered) sooner(begun + bounds.first_byte, HttpFailure::kFirstByte);
  if (answered && !paused) sooner(heard + bounds.between_bytes, HttpFailure::kStalled);
  return first;
}

Error HttpRunning::DueError(HttpFailure failure) const {
  switch (failure) {
    case HttpFailure::kFirstByte:
      return Retry(fmt::format("{} did not begin to answer within {} ms", target.where,
                               bounds.first_byte.count()));
    case HttpFailure::kStalled:
      return Retry(fmt::format("{} was silent for {} ms in the middle of its answer", target.where,
                               bounds.between_bytes.count()));
    default:
      return Retry("the answer of " + target.where + " was not whole before the deadline");
  }
}

std::pair<HttpFailure, Error> HttpRunning::Outcome(CURLcode code) const {
  if (refused) return *refused;
  const std::string& where = target.where;
  if (IsTls(code)) {
    const std::string text =
        "no trusted TLS connection to " + where + ": " +
        Printable(curl_text[0] != '\0' ? curl_text.data() : curl_easy_strerror(code));
    // A handshake that broke may be made again; a certificate stays what it is.
    return {HttpFailure::kTls, code == CURLE_SSL_CONNECT_ERROR ? Retry(text) : Reject(text)};
  }
  long connect_status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (code != CURLE_OK && connect_status >= 300) {
    return {HttpFailure::kConnect, Retry(fmt::format("the proxy did not connect to {}: status {}",
                                                     where, connect_status))};
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {HttpFailure::kResolve, Retry("there is no host of the name in " + where)};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {HttpFailure::kResolve, Retry("there is no host of the name of the proxy")};
    case CURLE_COULDNT_CONNECT:
      return {HttpFailure::kConnect,
              Retry("nobody listens at " + where + (proxy ? ", or at its proxy" : ""))};
    case CURLE_OPERATION_TIMEDOUT:
      return {HttpFailure::kConnect, Retry(fmt::format("no connection to {} within {} ms", where,
                                                       bounds.connect.count()))};
    case CURLE_URL_MALFORMAT:
      return {HttpFailure::kUrl, Reject("not a URL that can be asked")};
    case CURLE_UNSUPPORTED_PROTOCOL:  // No status line.
    case CURLE_WEIRD_SERVER_REPLY:
      return {HttpFailure::kCut, Retry("what " + where + " answers is not HTTP")};
    case CURLE_OUT_OF_MEMORY:
      // Curl's own bound of one line of the head.
      return {HttpFailure::kTooLarge,
              Reject("the head of the answer of " + where + " is too long")};
    case CURLE_GOT_NOTHING:
      return {HttpFailure::kCut, Retry(where + " closed the connection without an answer")};
    default:
      return {HttpFailure::kCut,
              Retry("the answer of " + where + " was cut off: " + curl_easy_strerror(code))};
  }
}

}  // namespace lyceum::wire
