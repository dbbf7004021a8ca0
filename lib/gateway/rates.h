// Rates and tickets: what a user or an address may still do. Bounded; the one unused longest is forgotten.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "gateway/token.h"

namespace lyceum::gateway {

// A token bucket for each key: `burst` at once, and then `per_minute`.
class Rates {
 public:
  Rates(double per_minute, double burst, size_t kept_max)
      : per_ms_(per_minute / 60'000), burst_(burst), kept_max_(kept_max) {}
  // False: not now.
  bool Allow(const std::string& key, int64_t now_ms);
  size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double left;
    int64_t at_ms;
    std::list<std::string>::iterator use;
  };
  const double per_ms_;
  const double burst_;
  const size_t kept_max_;
  std::unordered_map<std::string, Bucket> buckets_;
  std::list<std::string> uses_;  // The latest last.
};

// A ticket opens one socket, once, within kTicketMs, in the name of the token that it was made for.
// Known to this gateway alone, whose id it begins with: "<maker>.<secret>".
class Tickets {
 public:
  // Empty: too many are open.
  std::optional<std::string> Make(const std::string& maker, Identity identity, int64_t now_ms);
  // Empty: unknown, used, or too old.
  std::optional<Identity> Use(const std::string& ticket, int64_t now_ms);

 private:
  struct Open {
    Identity identity;
    int64_t until_ms;
  };
  void DropOld(int64_t now_ms);

  std::unordered_map<std::string, Open> open_;
  std::list<std::pair<int64_t, std::string>> order_;  // By the end of their time.
};

}  // namespace lyceum::gateway
