#include "gateway/issuers.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64url.h"
#include "base/check.h"

namespace lyceum::gateway {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kRsaBitsMin = 2048;
constexpr size_t kRsaBytesMax = 1024;
constexpr size_t kCoordinateBytes = 32;  // Of P-256.
constexpr size_t kKeyIdBytesMax = 256;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* build) const { OSSL_PARAM_BLD_free(build); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// A member that is a text, or empty.
std::string TextOf(const Json& key, const char* name) {
  const auto found = key.find(name);
  return found != key.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::string> BytesOf(const Json& key, const char* name) {
  std::optional<std::string> bytes = DecodeBase64Url(TextOf(key, name));
  if (!bytes || bytes->empty() || bytes->size() > kRsaBytesMax) return std::nullopt;
  return bytes;
}

const unsigned char* Unsigned(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Empty: they are no such key.
std::string PemOf(const char* kind, OSSL_PARAM_BLD* build) {
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  CHECK(params != nullptr && context != nullptr);
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) <= 0 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) <= 0) {
    return {};
  }
  const Owned<EVP_PKEY> key(raw);
  const Owned<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) <= 0) return {};
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  CHECK(out != nullptr);
  if (PEM_write_bio_PUBKEY(out.get(), key.get()) <= 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string RsaPem(const std::string& modulus, const std::string& exponent) {
  const Owned<BIGNUM> n(BN_bin2bn(Unsigned(modulus), static_cast<int>(modulus.size()), nullptr));
  const Owned<BIGNUM> e(BN_bin2bn(Unsigned(exponent), static_cast<int>(exponent.size()), nullptr));
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  CHECK(n != nullptr && e != nullptr && build != nullptr);
  if (static_cast<size_t>(BN_num_bits(n.get())) < kRsaBitsMin) return {};
  CHECK(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
  CHECK(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  return PemOf("RSA", build.get());
}

std::string EcPem(const std::string& x, const std::string& y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return {};
  const std::string point = "\x04" + x + y;  // Uncompressed.
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  CHECK(build != nullptr);
  CHECK(OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1);
  CHECK(OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) == 1);
  return PemOf("EC", build.get());
}

// Nothing: of another kind, or for something else.
Result<std::optional<Issuer>> ReadKey(const Json& key, const Issuer& like) {
  if (key.contains("d")) {
    return Reject("holds a private key: publish the public ones, and make new keys");
  }
  if (const std::string use = TextOf(key, "use"); !use.empty() && use != "sig")
    return std::optional<Issuer>();
  const std::string kind = TextOf(key, "kty"), named = TextOf(key, "alg");
  Issuer issuer = like;
  issuer.key_id = TextOf(key, "kid");
  if (issuer.key_id.size() > kKeyIdBytesMax) return Reject("names a key of more than 256 bytes");
  if (kind == "RSA" && (named.empty() || named == "RS256")) {
    const auto n = BytesOf(key, "n"), e = BytesOf(key, "e");
    issuer.algorithm = Algorithm::kRs256;
    if (n && e) issuer.key = RsaPem(*n, *e);
  } else if (kind == "EC" && TextOf(key, "crv") == "P-256" && (named.empty() || named == "ES256")) {
    const auto x = BytesOf(key, "x"), y = BytesOf(key, "y");
    issuer.algorithm = Algorithm::kEs256;
    if (x && y) issuer.key = EcPem(*x, *y);
  } else {
    return std::optional<Issuer>();
  }
  if (issuer.key.empty()) {
    return Reject(fmt::format("key {}: is no {} key of 2048 bits or on P-256 as the set says it is",
                              issuer.key_id.empty() ? "without a kid" : issuer.key_id, kind));
  }
  return std::optional<Issuer>(std::move(issuer));
}

// One [[issuer]]: as many Issuers as it has keys.
Result<std::vector<Issuer>> ReadIssuer(const toml::table& table, const fs::path& folder,
                                       std::vector<FileStamp>* stamps) {
  static constexpr std::array<std::string_view, 6> kKeys = {
      "issuer", "audience", "algorithm", "key_file", "jwks_file", "tenant_claim"};
  std::array<std::string, kKeys.size()> texts;
  for (const auto& [key, node] : table) {
    const auto known = std::find(kKeys.begin(), kKeys.end(), key.str());
    if (known == kKeys.end()) {
      return Reject(fmt::format("unknown key {}: there are {}", std::string_view(key.str()),
                                fmt::join(kKeys, ", ")));
    }
    const auto text = node.value_exact<std::string>();
    if (!text) return Reject(fmt::format("{} takes a text", *known));
    texts[static_cast<size_t>(known - kKeys.begin())] = *text;
  }
  const auto& [name, audience, algorithm, key_file, jwks_file, tenant_claim] = texts;
  Issuer issuer{.issuer = name, .audience = audience, .tenant_claim = tenant_claim};
  std::vector<Issuer> issuers;
  if (key_file.empty() == jwks_file.empty()) {
    return Reject("name one of jwks_file and key_file");
  }
  if (!jwks_file.empty()) {
    if (!algorithm.empty()) return Reject("the keys of jwks_file say their algorithm themselves");
    const std::string path = folder / jwks_file;
    auto json = ReadStamped(path, stamps);
    if (!json) return json.error();
    auto keys = ReadKeySet(*json, issuer);
    if (!keys) return Reject(path + ": " + keys.error().text);
    issuers = *std::move(keys);
  } else {
    auto parsed = ParseAlgorithm(algorithm);
    if (!parsed) return parsed.error();
    auto key = ReadStamped(folder / key_file, stamps);
    if (!key) return key.error();
    issuer.algorithm = *parsed;
    issuer.key = WithoutLineEnd(*std::move(key));
    issuers.push_back(std::move(issuer));
  }
  for (const Issuer& one : issuers) {
    if (auto good = CheckIssuer(one); !good) return good.error();
  }
  return issuers;
}

}  // namespace

Result<std::vector<Issuer>> ReadKeySet(const std::string& json, const Issuer& like) {
  const Json set = Json::parse(json, nullptr, false);
  const auto keys = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || keys == set.end() || !keys->is_array()) {
    return Reject("is no key set: an object with `keys`, a list");
  }
  if (keys->size() > kKeysOfSetMax) return Reject("has more than 32 keys");
  std::vector<Issuer> issuers;
  for (const Json& key : *keys) {
    if (!key.is_object()) return Reject("has a key that is no object");
    auto issuer = ReadKey(key, like);
    if (!issuer) return issuer.error();
    if (*issuer) issuers.push_back(**std::move(issuer));
  }
  if (issuers.empty()) return Reject("has no key for RS256 or ES256");
  return issuers;
}

Result<std::string> ReadKeyFile(const std::string& path) {
  std::vector<FileStamp> stamps;
  auto key = ReadStamped(path, &stamps);
  if (!key) return key.error();
  return WithoutLineEnd(*std::move(key));
}

Result<std::vector<Issuer>> IssuerFiles::Read() {
  stamps_.clear();
  auto text = ReadStamped(path_, &stamps_);
  if (!text) return text.error();
  toml::table file;
  try {
    file = toml::parse(*text);
  } catch (const toml::parse_error& error) {
    return Reject(fmt::format("{}:{}: {}", path_, error.source().begin.line, error.description()));
  }
  for (const auto& [key, node] : file) {
    if (key.str() != "issuer" || !node.is_array_of_tables()) {
      return Reject(path_ + ": takes [[issuer]] tables, and nothing else");
    }
  }
  const auto* tables = file["issuer"].as_array();
  if (tables == nullptr || tables->empty()) return Reject(path_ + ": names no [[issuer]]");
  if (tables->size() > kIssuersMax) return Reject(path_ + ": names more than 16 issuers");
  std::vector<Issuer> issuers;
  for (const toml::node& node : *tables) {
    auto some = ReadIssuer(*node.as_table(), fs::path(path_).parent_path(), &stamps_);
    if (!some) {
      return Reject(fmt::format("{}: [[issuer]] at line {}: {}", path_, node.source().begin.line,
                                some.error().text));
    }
    for (Issuer& issuer : *some) issuers.push_back(std::move(issuer));
  }
  return issuers;
}

bool IssuerFiles::Changed() const { return AnyChanged(stamps_); }

}  // namespace lyceum::gateway
