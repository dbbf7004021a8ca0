#include "gateway/token.h"

#include <jwt.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64url.h"
#include "base/check.h"
#include "base/token.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

constexpr size_t kSecretBytesMin = 32;
constexpr int64_t kSkewSeconds = 10;  // Of an issuer whose clock is ahead of ours.

struct FreeJwt {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
struct FreeText {
  void operator()(char* text) const { std::free(text); }
};
using Jwt = std::unique_ptr<jwt_t, FreeJwt>;
using JwtText = std::unique_ptr<char, FreeText>;

jwt_alg_t AlgorithmOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs256:
      return JWT_ALG_HS256;
    case Algorithm::kRs256:
      return JWT_ALG_RS256;
    case Algorithm::kEs256:
      return JWT_ALG_ES256;
  }
  return JWT_ALG_NONE;
}

const unsigned char* Bytes(const std::string& key) {
  return reinterpret_cast<const unsigned char*>(key.data());
}

// A claim that is there and a text.
std::string TextClaim(jwt_t* jwt, const std::string& name) {
  const char* text = jwt_get_grant(jwt, name.c_str());
  return text == nullptr ? std::string() : std::string(text);
}

// A claim that is there and a whole number.
std::optional<int64_t> NumberClaim(const nlohmann::json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

bool HasAudience(const nlohmann::json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return found->get<std::string>() == audience;
  if (!found->is_array()) return false;
  for (const auto& one : *found) {
    if (one.is_string() && one.get<std::string>() == audience) return true;
  }
  return false;
}

// What the token's header says before anything of it is believed. Empty: nothing, or no header.
std::string KeyIdOf(const std::string& token) {
  const auto header = DecodeBase64Url(std::string_view(token).substr(0, token.find('.')));
  if (!header) return {};
  const auto fields = nlohmann::json::parse(*header, nullptr, false);
  const auto found = fields.is_object() ? fields.find("kid") : fields.end();
  return fields.is_object() && found != fields.end() && found->is_string()
             ? found->get<std::string>()
             : std::string();
}

}  // namespace

Result<Algorithm> ParseAlgorithm(std::string_view name) {
  if (name == "HS256") return Algorithm::kHs256;
  if (name == "RS256") return Algorithm::kRs256;
  if (name == "ES256") return Algorithm::kEs256;
  return Reject("the algorithm of tokens is one of HS256, RS256, ES256");
}

Result<void> CheckIssuer(const Issuer& issuer) {
  if (issuer.issuer.empty()) return Reject("the issuer of tokens (iss) is not named");
  if (issuer.audience.empty()) return Reject("the audience of tokens (aud) is not named");
  if (issuer.algorithm == Algorithm::kHs256) {
    if (issuer.key.size() < kSecretBytesMin) {
      return Reject("the secret of HS256 must have 32 bytes at least");
    }
  } else if (issuer.key.find("-----BEGIN PUBLIC KEY-----") == std::string::npos) {
    return Reject("the key of RS256 and ES256 is a public key in PEM (BEGIN PUBLIC KEY)");
  }
  return {};
}

Result<Identity> CheckToken(const Issuer& issuer, const std::string& token, int64_t unix_ms) {
  if (!issuer.key_id.empty()) {
    const std::string named = KeyIdOf(token);
    if (!named.empty() && named != issuer.key_id) {
      return Reject(
          "The token is signed with a key that this gateway does not know: get a new one.");
    }
  }
  jwt_t* raw = nullptr;
  const int failed =
      jwt_decode(&raw, token.c_str(), Bytes(issuer.key), static_cast<int>(issuer.key.size()));
  const Jwt jwt(raw);
  if (failed != 0 || jwt == nullptr || jwt_get_alg(jwt.get()) != AlgorithmOf(issuer.algorithm)) {
    return Reject("The token is not one of this gateway's issuer: get a new one.");
  }
  const JwtText text(jwt_get_grants_json(jwt.get(), nullptr));
  if (text == nullptr) return Reject("The token has no claims: get a new one.");
  const auto claims = nlohmann::json::parse(text.get(), nullptr, false);
  if (!claims.is_object()) return Reject("The token has no claims: get a new one.");

  if (TextClaim(jwt.get(), "iss") != issuer.issuer || !HasAudience(claims, issuer.audience)) {
    return Reject("The token was made for somebody else (iss, aud): get one for this gateway.");
  }
  const int64_t now_s = unix_ms / 1000;
  const std::optional<int64_t> expires = NumberClaim(claims, "exp");
  if (!expires) return Reject("The token has no end (exp): get one that has.");
  if (*expires <= now_s) return Reject("The token is over: get a new one.");
  if (*expires > now_s + kTokenSecondsMax + kSkewSeconds) {
    return Reject("The token lives longer than 15 minutes: get a shorter one.");
  }
  if (claims.contains("nbf")) {
    const std::optional<int64_t> begins = NumberClaim(claims, "nbf");
    if (!begins || *begins > now_s + kSkewSeconds) {
      return Reject("The token is not valid yet: see the issuer's clock.");
    }
  }
  std::string name = TextClaim(jwt.get(), "sub");
  if (name.empty()) return Reject("The token names no learner (sub): get one that does.");
  if (!issuer.tenant_claim.empty()) {
    const std::string tenant = TextClaim(jwt.get(), issuer.tenant_claim);
    // With a colon in it two tenants could name the same learner.
    if (tenant.empty() || tenant.find(':') != std::string::npos) {
      return Reject("The token names no tenant, or one with a colon: get another one.");
    }
    name = tenant + ":" + name;
  }
  Result<std::string> user = ToToken(name);
  if (!user) return Reject("The learner's id (sub) is too long or not UTF-8: get another token.");
  return Identity{UserId(*std::move(user)), std::move(name), *expires * 1000};
}

std::string MakeToken(const Issuer& issuer, const std::string& subject, int64_t expires_unix_s) {
  CHECK(issuer.algorithm == Algorithm::kHs256);
  jwt_t* raw = nullptr;
  CHECK(jwt_new(&raw) == 0);
  const Jwt jwt(raw);
  CHECK(jwt_add_grant(jwt.get(), "iss", issuer.issuer.c_str()) == 0);
  CHECK(jwt_add_grant(jwt.get(), "aud", issuer.audience.c_str()) == 0);
  CHECK(jwt_add_grant(jwt.get(), "sub", subject.c_str()) == 0);
  CHECK(jwt_add_grant_int(jwt.get(), "exp", static_cast<long>(expires_unix_s)) == 0);
  CHECK(jwt_set_alg(jwt.get(), JWT_ALG_HS256, Bytes(issuer.key),
                    static_cast<int>(issuer.key.size())) == 0);
  const JwtText text(jwt_encode_str(jwt.get()));
  CHECK(text != nullptr);
  return text.get();
}

}  // namespace lyceum::gateway
