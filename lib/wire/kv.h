// A key-value bucket over a Wire, as far as leases and settings need it: create once, and get.
//
// The bucket <name> is the stream KV_<name> with the subjects $KV.<name>.<key>. Keys:
// [-/_=.a-zA-Z0-9]+. Both calls end after some seconds, and call `done` once, never before they
// return. kReject: not the name of a bucket, or not a key. kRetry: nobody answered, or the bucket
// is not there. For a key that was deleted nothing here is promised: a key is created once, and
// stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/wire.h"

namespace lyceum::wire {

// True: created, by this call. False: the key is there already, and keeps its value. After a kRetry
// it may be there or not: it is created again, and where that says false, KvGet tells whose it is.
void KvCreate(Wire& wire, const std::string& bucket, const std::string& key, std::string_view value,
              std::function<void(Result<bool>)> done);

// Empty: no such key. What the leader of the bucket has, so a value that was created before is
// seen.
void KvGet(Wire& wire, const std::string& bucket, const std::string& key,
           std::function<void(Result<std::optional<std::string>>)> done);

}  // namespace lyceum::wire
