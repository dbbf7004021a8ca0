// Private to this library: the names of key-value buckets and of what is in them.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "wire/connection.h"

namespace lyceum::wire {

inline bool IsBucketName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

inline bool IsKey(std::string_view key) {
  return IsSubject(key) && std::all_of(key.begin(), key.end(), [](unsigned char c) {
           return std::isalnum(c) ||
                  std::string_view("-/_=.").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

inline std::string BucketStream(const std::string& bucket) { return "KV_" + bucket; }
inline std::string KeySubject(const std::string& bucket, const std::string& key) {
  return "$KV." + bucket + "." + key;
}
// On a message: the key was deleted or purged.
inline constexpr const char* kKeyOperation = "KV-Operation";

}  // namespace lyceum::wire
