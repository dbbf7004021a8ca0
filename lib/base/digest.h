// Content hashes: SHA-256 as lower-case hex, from OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace lyceum {

std::string Sha256Hex(std::string_view bytes);

}  // namespace lyceum
