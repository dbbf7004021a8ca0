// Who may issue tokens, as a file says it, and the key sets (JWKS, RFC 7517) that it names:
//
//   [[issuer]]
//   issuer = "https://login.example.org/"
//   audience = "lyceum"
//   jwks_file = "login-keys.json"   # RSA keys for RS256, P-256 keys for ES256
//   tenant_claim = "org"            # may be left out
//
//   [[issuer]]
//   issuer = "https://staff.example.org/"
//   audience = "lyceum"
//   algorithm = "HS256"             # or RS256, ES256, with a public key in PEM
//   key_file = "staff-secret"
//
// Paths are relative to the file. Each key of a set is an Issuer of its own with the key's id: a token that names
// another key is not checked with it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "gateway/file_stamp.h"
#include "gateway/token.h"

namespace lyceum::gateway {

inline constexpr size_t kIssuersMax = 16;
inline constexpr size_t kKeysOfSetMax = 32;

// The keys of a set that can be used, each in `like` with its algorithm, key and key_id. Keys of other kinds, for other
// algorithms and for encryption are left out, as the RFC asks for. kReject: no key set, a private key in it, an RSA key
// below 2048 bits, none that can be used.
Result<std::vector<Issuer>> ReadKeySet(const std::string& json, const Issuer& like);

// The file of issuers and those that it names. One thread.
class IssuerFiles {
 public:
  explicit IssuerFiles(std::string path) : path_(std::move(path)) {}

  // What they say now. kReject: what of one of them is wrong, without quoting a secret.
  Result<std::vector<Issuer>> Read();
  // One of them is not what it was at the last Read.
  bool Changed() const;

 private:
  const std::string path_;
  std::vector<FileStamp> stamps_;
};

// A key's file without the end of its last line. kReject names the file, never what is in it.
Result<std::string> ReadKeyFile(const std::string& path);

}  // namespace lyceum::gateway
