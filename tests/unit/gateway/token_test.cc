#include "gateway/token.h"

#include <gtest/gtest.h>

#include "base/base64url.h"
#include "token_signing.h"

namespace lyceum::gateway {
namespace {

constexpr int64_t kNowMs = 1'800'000'000'000;
constexpr int64_t kNowS = kNowMs / 1000;

Issuer Hs256() {
  return {.key = "0123456789abcdef0123456789abcdef", .issuer = "https://i", .audience = "lyceum"};
}

TEST(TokenTest, ATokenOfTheIssuerNamesItsLearner) {
  const auto identity = CheckToken(Hs256(), MakeToken(Hs256(), "ädä", kNowS + 600), kNowMs);
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(identity->user, UserId("~w6Rkw6Q"));
  EXPECT_EQ(identity->name, "ädä");
  EXPECT_EQ(identity->expires_ms, kNowMs + 600'000);
}

TEST(TokenTest, TheEndIsThereAndNotTooFar) {
  const auto good = [](int64_t from_now) {
    return CheckToken(Hs256(), MakeToken(Hs256(), "ada", kNowS + from_now), kNowMs).has_value();
  };
  EXPECT_TRUE(good(1));
  EXPECT_FALSE(good(0));
  EXPECT_FALSE(good(-1));
  EXPECT_TRUE(good(15 * 60));
  EXPECT_FALSE(good(16 * 60));
}

TEST(TokenTest, EachByteOfATokenCounts) {
  const std::string token = MakeToken(Hs256(), "ada", kNowS + 600);
  ASSERT_TRUE(CheckToken(Hs256(), token, kNowMs));
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character of a signature has two bits that mean nothing.
    if (i + 1 == token.size()) continue;
    EXPECT_FALSE(CheckToken(Hs256(), changed, kNowMs)) << i;
    EXPECT_FALSE(CheckToken(Hs256(), token.substr(0, i), kNowMs)) << i;
  }
}

TEST(TokenTest, TheAlgorithmIsNotTheTokensChoice) {
  const KeyPair rsa = PairOf(EVP_RSA_gen(2048));
  const KeyPair ec = PairOf(EVP_EC_gen("P-256"));
  Issuer rs256 = Hs256();
  rs256.algorithm = Algorithm::kRs256;
  rs256.key = rsa.open;
  Issuer es256 = Hs256();
  es256.algorithm = Algorithm::kEs256;
  es256.key = ec.open;
  ASSERT_TRUE(CheckIssuer(rs256));
  ASSERT_TRUE(CheckIssuer(es256));
  EXPECT_TRUE(CheckToken(rs256, Sign(JWT_ALG_RS256, rsa.secret, kNowS + 60), kNowMs));
  EXPECT_TRUE(CheckToken(es256, Sign(JWT_ALG_ES256, ec.secret, kNowS + 60), kNowMs));
  // The public key as the secret of an HMAC.
  EXPECT_FALSE(CheckToken(rs256, Sign(JWT_ALG_HS256, rsa.open, kNowS + 60), kNowMs));
  EXPECT_FALSE(CheckToken(es256, Sign(JWT_ALG_HS256, ec.open, kNowS + 60), kNowMs));
  EXPECT_FALSE(CheckToken(rs256, Sign(JWT_ALG_RS512, rsa.secret, kNowS + 60), kNowMs));
  EXPECT_FALSE(CheckToken(Hs256(), Sign(JWT_ALG_HS384, Hs256().key, kNowS + 60), kNowMs));
  // None at all.
  const std::string claims = EncodeBase64Url(
      R"({"iss":"https://i","aud":"lyceum","sub":"ada","exp":)" + std::to_string(kNowS + 60) + "}");
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None","typ":"JWT"})", R"({"typ":"JWT"})"}) {
    const std::string token = EncodeBase64Url(header) + "." + claims + ".";
    for (const Issuer& issuer : {Hs256(), rs256, es256}) {
      EXPECT_FALSE(CheckToken(issuer, token, kNowMs)) << header;
    }
  }
}

TEST(TokenTest, ATenantIsPartOfTheLearner) {
  Issuer issuer = Hs256();
  issuer.tenant_claim = "org";
  EXPECT_FALSE(CheckToken(issuer, MakeToken(Hs256(), "ada", kNowS + 60), kNowMs));
}

TEST(TokenTest, AnIssuerThatCannotWorkIsRefused) {
  Issuer issuer = Hs256();
  issuer.key = "short";
  EXPECT_FALSE(CheckIssuer(issuer));
  issuer = Hs256();
  issuer.algorithm = Algorithm::kRs256;
  EXPECT_FALSE(CheckIssuer(issuer));
  issuer = Hs256();
  issuer.audience.clear();
  EXPECT_FALSE(CheckIssuer(issuer));
  EXPECT_FALSE(ParseAlgorithm("none"));
}

}  // namespace
}  // namespace lyceum::gateway
