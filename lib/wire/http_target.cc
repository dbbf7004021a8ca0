#include "wire/http_target.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "wire/http.h"

namespace lyceum::wire {
namespace {

constexpr size_t kUrlBytesMax = 8192;
constexpr size_t kHeaderBytesMax = 64 * 1024;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, flags) != CURLUE_OK) return "";
  const CurlText text(raw);
  return text.get();
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// 127.a.b.c, as curl writes every spelling of it.
bool IsLoopbackV4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  size_t parts = 1;
  for (std::string_view rest = host.substr(4);; ++parts) {
    const size_t dot = rest.find('.');
    if (!IsNumber(rest.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return parts == 3;
    rest.remove_prefix(dot + 1);
  }
}

bool IsLoopback(std::string_view host) {
  return SameName(host, "localhost") || host == "[::1]" || IsLoopbackV4(host);
}

// The characters of a header's name, RFC 9110 5.6.2.
bool IsToken(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

}  // namespace

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

Result<HttpTarget> ParseTarget(std::string_view url, bool plain_http_allowed) {
  if (url.empty()) return Reject("the URL is empty");
  if (url.size() > kUrlBytesMax) return Reject("the URL is longer than 8192 bytes");
  if (std::any_of(url.begin(), url.end(), [](char c) {
        return IsControl(c) || c == ' ' || static_cast<unsigned char>(c) > 0x7e;
      })) {
    return Reject("the URL holds a space, a control byte or a byte outside of ASCII: encode it");
  }
  HttpTarget target;
  target.url.reset(curl_url());
  CHECK(target.url);
  CURLU* handle = target.url.get();
  const CURLUcode code = curl_url_set(handle, CURLUPART_URL, std::string(url).c_str(), 0);
  if (code == CURLUE_UNSUPPORTED_SCHEME || code == CURLUE_BAD_SCHEME) {
    return Reject("the URL does not begin with https:// or http://");
  }
  if (code != CURLUE_OK) return Reject("not a URL");
  const std::string scheme = Part(handle, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return Reject("the URL does not begin with https:// or http://");
  }
  // Curl also takes one slash or three.
  const std::string_view rest = url.substr(scheme.size());
  if (!rest.starts_with("://") || rest.starts_with(":///")) return Reject("not a URL");
  if (rest.substr(0, rest.find_first_of("/?#", 3)).find('@') != std::string_view::npos ||
      !Part(handle, CURLUPART_USER).empty() || !Part(handle, CURLUPART_PASSWORD).empty()) {
    return Reject("a URL with a user name or password in it is not taken: use a header");
  }
  const std::string host = Part(handle, CURLUPART_HOST);
  const std::string port = Part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (host.empty()) return Reject("the URL has no host");
  if (port.empty() || port == "0") return Reject("the URL has no port that can be connected to");
  target.https = scheme == "https";
  target.loopback = IsLoopback(host);
  target.where = host + ":" + port;
  if (!target.https && !target.loopback && !plain_http_allowed) {
    return Reject("http to " + host +
                  " would show keys and learners' text on the way: use https, or allow plain http "
                  "for this host");
  }
  return target;
}

std::string UrlProblem(std::string_view url, bool plain_http_allowed) {
  const Result<HttpTarget> target = ParseTarget(url, plain_http_allowed);
  return target ? "" : target.error().text;
}

std::string HeaderProblem(const Headers& headers) {
  constexpr std::array<std::string_view, 8> kOurs = {"host",
                                                     "content-length",
                                                     "transfer-encoding",
                                                     "connection",
                                                     "keep-alive",
                                                     "te",
                                                     "accept-encoding",
                                                     "expect"};
  size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    bytes += name.size() + value.size();
    if (!IsToken(name)) return "a header's name is not a token";
    if (std::any_of(kOurs.begin(), kOurs.end(),
                    [&own = name](std::string_view ours) { return SameName(own, ours); })) {
      return "the header " + name + " is not for the caller to set";
    }
    if (std::any_of(value.begin(), value.end(), [](char c) { return IsControl(c) && c != '\t'; })) {
      return "the value of the header " + name + " holds a control byte";
    }
  }
  return bytes > kHeaderBytesMax ? "the headers are longer than 64 KiB" : "";
}

HttpProxies ReadProxies() {
  return {Environment({"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}),
          Environment({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
          Environment({"no_proxy", "NO_PROXY"})};
}

}  // namespace lyceum::wire
