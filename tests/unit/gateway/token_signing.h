// Keys, and tokens that are signed with them.
#pragma once

#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <string>

namespace lyceum::gateway {

struct KeyPair {
  std::string secret;
  std::string open;
};
// In PEM. Frees the key.
inline KeyPair PairOf(EVP_PKEY* key) {
  KeyPair pair;
  for (const bool secret : {true, false}) {
    BIO* out = BIO_new(BIO_s_mem());
    if (secret) {
      PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    } else {
      PEM_write_bio_PUBKEY(out, key);
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    (secret ? pair.secret : pair.open).assign(text, static_cast<size_t>(size));
    BIO_free(out);
  }
  EVP_PKEY_free(key);
  return pair;
}

// Of https://i, for x and lyceum, of ada. `key_id` empty: the header names none.
inline std::string Sign(jwt_alg_t algorithm, const std::string& key, int64_t expires,
                        const std::string& key_id = {}) {
  jwt_t* jwt = nullptr;
  jwt_new(&jwt);
  jwt_add_grants_json(jwt, (R"({"iss":"https://i","aud":["x","lyceum"],"sub":"ada","exp":)" +
                            std::to_string(expires) + "}")
                               .c_str());
  if (!key_id.empty()) jwt_add_header(jwt, "kid", key_id.c_str());
  jwt_set_alg(jwt, algorithm, reinterpret_cast<const unsigned char*>(key.data()),
              static_cast<int>(key.size()));
  char* text = jwt_encode_str(jwt);
  std::string token = text == nullptr ? "" : text;
  std::free(text);
  jwt_free(jwt);
  return token;
}

}  // namespace lyceum::gateway
