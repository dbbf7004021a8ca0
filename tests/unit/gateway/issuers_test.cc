#include "gateway/issuers.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/base64url.h"
#include "support/temp_dir.h"
#include "token_signing.h"

namespace lyceum::gateway {
namespace {

using Json = nlohmann::json;

constexpr int64_t kNowMs = 1'800'000'000'000;
constexpr int64_t kEnds = kNowMs / 1000 + 600;

std::string NumberOf(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return bytes;
}
std::string Padded(std::string bytes) { return std::string(32 - bytes.size(), '\0') + bytes; }

struct SetKey {
  Json jwk;
  KeyPair pair;
};
SetKey Rsa(const std::string& id, unsigned bits = 2048) {
  EVP_PKEY* key = EVP_RSA_gen(bits);
  Json jwk = {{"kty", "RSA"},
              {"kid", id},
              {"use", "sig"},
              {"n", EncodeBase64Url(NumberOf(key, OSSL_PKEY_PARAM_RSA_N))},
              {"e", EncodeBase64Url(NumberOf(key, OSSL_PKEY_PARAM_RSA_E))}};
  return {std::move(jwk), PairOf(key)};
}
SetKey Ec(const std::string& id) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  Json jwk = {{"kty", "EC"},
              {"kid", id},
              {"crv", "P-256"},
              {"alg", "ES256"},
              {"x", EncodeBase64Url(Padded(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X)))},
              {"y", EncodeBase64Url(Padded(NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y)))}};
  return {std::move(jwk), PairOf(key)};
}

std::string SetOf(const std::vector<Json>& keys) { return Json{{"keys", keys}}.dump(); }
Issuer Like() { return {.issuer = "https://i", .audience = "lyceum"}; }

bool Opens(const std::vector<Issuer>& issuers, const std::string& token) {
  for (const Issuer& issuer : issuers) {
    if (CheckToken(issuer, token, kNowMs)) return true;
  }
  return false;
}

TEST(KeySet, EachOfItsKeysOpens) {
  const SetKey rsa = Rsa("a"), ec = Ec("b");
  const auto issuers = ReadKeySet(SetOf({rsa.jwk, ec.jwk}), Like());
  ASSERT_TRUE(issuers) << issuers.error().text;
  ASSERT_EQ(issuers->size(), 2u);
  EXPECT_TRUE(Opens(*issuers, Sign(JWT_ALG_RS256, rsa.pair.secret, kEnds, "a")));
  EXPECT_TRUE(Opens(*issuers, Sign(JWT_ALG_ES256, ec.pair.secret, kEnds, "b")));
  EXPECT_TRUE(Opens(*issuers, Sign(JWT_ALG_ES256, ec.pair.secret, kEnds))) << "that names none";
  EXPECT_FALSE(Opens(*issuers, Sign(JWT_ALG_RS256, Rsa("a").pair.secret, kEnds, "a")));
}

TEST(KeySet, ATokenIsCheckedWithTheKeyThatItNames) {
  const SetKey ours = Rsa("a");
  const auto issuers = ReadKeySet(SetOf({ours.jwk}), Like());
  ASSERT_TRUE(issuers);
  EXPECT_FALSE(Opens(*issuers, Sign(JWT_ALG_RS256, ours.pair.secret, kEnds, "another")));
}

TEST(KeySet, WhatIsForSomethingElseIsLeftOut) {
  SetKey sealing = Rsa("s"), longer = Rsa("l");
  sealing.jwk["use"] = "enc";
  longer.jwk["alg"] = "RS512";
  const Json other = {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}};
  const Json secret = {{"kty", "oct"}, {"k", "AAAA"}};
  const auto some =
      ReadKeySet(SetOf({sealing.jwk, other, longer.jwk, secret, Ec("e").jwk}), Like());
  ASSERT_TRUE(some) << some.error().text;
  ASSERT_EQ(some->size(), 1u);
  EXPECT_EQ(some->front().key_id, "e");
  EXPECT_FALSE(ReadKeySet(SetOf({sealing.jwk, other}), Like())) << "nobody could come in";
}

TEST(KeySet, WhatCannotBeAKeyIsRefused) {
  SetKey secret = Rsa("p"), small = Rsa("s", 1024), cut = Ec("c"), off = Ec("o");
  secret.jwk["d"] = "AAAA";
  cut.jwk["x"] = EncodeBase64Url(std::string(31, 'x'));
  off.jwk["y"] = EncodeBase64Url(std::string(32, 'y'));
  for (const SetKey* key : {&secret, &small, &cut, &off}) {
    const auto refused = ReadKeySet(SetOf({key->jwk, Ec("good").jwk}), Like());
    ASSERT_FALSE(refused) << key->jwk["kid"];
    EXPECT_EQ(refused.error().fault, Fault::kReject);
  }
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})"}) {
    EXPECT_FALSE(ReadKeySet(text, Like())) << text;
  }
}

TEST(KeySet, GarbageIsRefusedOrRead) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good = SetOf({Ec("a").jwk, Ec("b").jwk});
  for (int i = 0; i < 2000; ++i) {
    std::string text = good;
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const auto issuers = ReadKeySet(text, Like());
    EXPECT_TRUE(issuers || issuers.error().fault == Fault::kReject);
  }
}

class IssuerFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    test::WriteFile(dir_ / name, text);
  }
  const test::TempDir dir_;
  IssuerFiles files_{dir_ / "issuers.toml"};
};

constexpr const char* kTwo = R"(
[[issuer]]
issuer = "https://i"
audience = "lyceum"
jwks_file = "keys.json"

[[issuer]]
issuer = "https://staff"
audience = "lyceum"
algorithm = "HS256"
key_file = "secret"
tenant_claim = "org"
)";

TEST_F(IssuerFilesTest, NamesSeveralAndSeesAKeyThatChanges) {
  const SetKey first = Ec("1"), second = Ec("2");
  Write("keys.json", SetOf({first.jwk}));
  Write("secret", std::string(32, 's') + "\n");
  Write("issuers.toml", kTwo);
  auto issuers = files_.Read();
  ASSERT_TRUE(issuers) << issuers.error().text;
  ASSERT_EQ(issuers->size(), 2u);
  EXPECT_EQ((*issuers)[1].key, std::string(32, 's'));
  EXPECT_EQ((*issuers)[1].tenant_claim, "org");
  EXPECT_TRUE(Opens(*issuers, Sign(JWT_ALG_ES256, first.pair.secret, kEnds, "1")));
  EXPECT_FALSE(files_.Changed());

  Write("keys.json", SetOf({second.jwk, Rsa("3").jwk}));
  EXPECT_TRUE(files_.Changed());
  issuers = files_.Read();
  ASSERT_TRUE(issuers);
  EXPECT_FALSE(files_.Changed());
  EXPECT_FALSE(Opens(*issuers, Sign(JWT_ALG_ES256, first.pair.secret, kEnds, "1")));
  EXPECT_TRUE(Opens(*issuers, Sign(JWT_ALG_ES256, second.pair.secret, kEnds, "2")));
}

TEST_F(IssuerFilesTest, SaysWhatIsWrongAndSeesThatItIsMended) {
  const std::string head = "[[issuer]]\nissuer = \"i\"\naudience = \"a\"\n";
  const std::map<std::string, std::string> wrong = {
      {"", "names no [[issuer]]"},
      {"x = 1", "takes [[issuer]] tables"},
      {"[[issuer]\n", "issuers.toml:1"},
      {head, "name one of jwks_file and key_file"},
      {head + "jwks_file = \"none\"", "none: cannot be read"},
      {head + "key_file = \"secret\"", "the algorithm of tokens"},
      {head + "key_file = \"secret\"\nalgorithm = \"HS256\"", "32 bytes at least"},
      {head + "jwks_file = \"a\"\nalgorithm = \"HS256\"", "say their algorithm themselves"},
      {head + "kye_file = \"secret\"", "unknown key kye_file"},
      {head + "key_file = 1", "key_file takes a text"},
      {head + "jwks_file = \"secret\"", "is no key set"}};
  Write("secret", "short-secret");
  for (const auto& [text, why] : wrong) {
    Write("issuers.toml", text);
    const auto issuers = files_.Read();
    ASSERT_FALSE(issuers) << text;
    EXPECT_NE(issuers.error().text.find(why), std::string::npos) << issuers.error().text;
    EXPECT_EQ(issuers.error().text.find("short-secret"), std::string::npos);
    EXPECT_FALSE(files_.Changed()) << "told once";
  }
  Write("issuers.toml", head + "key_file = \"secret\"\nalgorithm = \"HS256\"");
  EXPECT_FALSE(files_.Read());
  Write("secret", std::string(40, 's'));
  EXPECT_TRUE(files_.Changed()) << "the file that was wrong is mended";
  EXPECT_TRUE(files_.Read());
}

}  // namespace
}  // namespace lyceum::gateway
