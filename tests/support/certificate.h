// A certificate for one host, self-signed and made on the spot: for the TLS of test servers.
#pragma once

#include <string>

namespace lyceum::test {

struct Certificate {
  std::string pem;      // Is its own authority.
  std::string key_pem;  // P-256
};

// `alternative_name` as OpenSSL writes it: "IP:127.0.0.1,DNS:localhost". Throws where it can not.
Certificate MakeCertificate(const std::string& alternative_name);

}  // namespace lyceum::test
