// What may be asked of whom: the egress rules, the headers a caller may set, the proxies.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/connection.h"
#include "wire/http_handles.h"

namespace lyceum::wire {

struct HttpTarget {
  UrlHandle url;
  std::string where;  // "host:port", for errors.
  bool https = false;
  bool loopback = false;
};

// kReject: the text never quotes more of the URL than its host.
Result<HttpTarget> ParseTarget(std::string_view url, bool plain_http_allowed);

// What is wrong with the headers; empty: nothing. Refuses bytes that could end a line, and the
// headers that say where a message ends: those are written here. Never quotes a value.
std::string HeaderProblem(const Headers& headers);

bool SameName(std::string_view a, std::string_view b);  // ASCII, any case.

// As the environment has them, the lower case first: read once, at the start of a client.
struct HttpProxies {
  std::string http;
  std::string https;
  std::string none;  // NO_PROXY
};
HttpProxies ReadProxies();

}  // namespace lyceum::wire
