// Private to this library: what may stand in a line of the protocol. IsSubject is in connection.h.
#pragma once

#include <string_view>

#include "base/result.h"

namespace lyceum::wire {

// As IsSubject, with `*` and a last `>` allowed.
bool IsSubjectPattern(std::string_view pattern);
// True if what is published to the subject goes to a subscription of the pattern. Both are valid.
bool Matches(std::string_view pattern, std::string_view subject);
bool IsHeaderName(std::string_view name);
bool IsHeaderValue(std::string_view value);
// Names both sizes.
Error TooLarge(size_t bytes, size_t bytes_max);

}  // namespace lyceum::wire
