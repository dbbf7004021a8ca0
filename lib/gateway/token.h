// Bearer tokens: JWTs (RFC 7519), checked with libjwt.
//
// The algorithm is fixed by configuration: what the token's own header says only has to agree. Checked are the
// signature, `iss`, `aud` (a text, or a list that holds ours), `exp` (there, not over, at most kTokenSecondsMax
// ahead), `nbf` where it is there, and `sub`. The refusals quote nothing of the token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace lyceum::gateway {

enum class Algorithm { kHs256, kRs256, kEs256 };

struct Issuer {
  Algorithm algorithm = Algorithm::kHs256;
  std::string key;  // HS256: the secret, 32 bytes at least. Else the public key in PEM.
  std::string issuer;
  std::string audience;
  // Of a claim that names a tenant: then each token must have it, and the learner is "<tenant>:<sub>".
  // Empty: the learner is `sub`.
  std::string tenant_claim;
  // `kid` of the token's header, where it has one, must be this. Empty: any.
  std::string key_id;
};

// "HS256", "RS256", "ES256". kReject: anything else.
Result<Algorithm> ParseAlgorithm(std::string_view name);
// kReject: what of it cannot work.
Result<void> CheckIssuer(const Issuer& issuer);

struct Identity {
  UserId user;             // A subject token.
  std::string name;        // The learner's id as the token has it, with its tenant.
  int64_t expires_ms = 0;  // Unix.
};

// kReject: why this token opens nothing.
Result<Identity> CheckToken(const Issuer& issuer, const std::string& token, int64_t unix_ms);

// A token of ours, for the demo. HS256 only.
std::string MakeToken(const Issuer& issuer, const std::string& subject, int64_t expires_unix_s);

}  // namespace lyceum::gateway
