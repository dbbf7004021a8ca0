#include "gateway/rates.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64url.h"
#include "base/check.h"
#include "gateway/limits.h"

namespace lyceum::gateway {

bool Rates::Allow(const std::string& key, int64_t now_ms) {
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kept_max_) {
      buckets_.erase(uses_.front());
      uses_.pop_front();
    }
    uses_.push_back(key);
    found = buckets_.emplace(key, Bucket{burst_, now_ms, std::prev(uses_.end())}).first;
  } else {
    uses_.splice(uses_.end(), uses_, found->second.use);
  }
  Bucket& bucket = found->second;
  const auto passed = static_cast<double>(std::max<int64_t>(0, now_ms - bucket.at_ms));
  bucket.left = std::min(burst_, bucket.left + passed * per_ms_);
  bucket.at_ms = std::max(bucket.at_ms, now_ms);
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

void Tickets::DropOld(int64_t now_ms) {
  while (!order_.empty() && order_.front().first <= now_ms) {
    open_.erase(order_.front().second);
    order_.pop_front();
  }
}

std::optional<std::string> Tickets::Make(const std::string& maker, Identity identity,
                                         int64_t now_ms) {
  DropOld(now_ms);
  if (order_.size() >= kTicketsMax) return std::nullopt;
  // From the system: who has seen many tickets must not know the next one.
  std::array<char, 24> bytes;
  CHECK(getentropy(bytes.data(), bytes.size()) == 0);
  std::string ticket = maker + "." + EncodeBase64Url({bytes.data(), bytes.size()});
  const int64_t until = now_ms + kTicketMs;
  open_.emplace(ticket, Open{std::move(identity), until});
  order_.emplace_back(until, ticket);
  return ticket;
}

std::optional<Identity> Tickets::Use(const std::string& ticket, int64_t now_ms) {
  DropOld(now_ms);
  const auto found = open_.find(ticket);
  if (found == open_.end()) return std::nullopt;
  Identity identity = std::move(found->second.identity);
  open_.erase(found);
  return identity;
}

}  // namespace lyceum::gateway
