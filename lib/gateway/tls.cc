#include "gateway/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <ctime>

#include "base/check.h"
#include "gateway/stream.h"

namespace lyceum::gateway {
namespace {

namespace asio = boost::asio;
using asio::ssl::context;

// Of TLS 1.2: forward secrecy and authenticated encryption. Those of 1.3 are all good.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

int64_t EndOf(const X509* certificate) {
  tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return timegm(&end);
}

void SetUp(SSL_CTX* ssl) {
  CHECK(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_cipher_list(ssl, kCiphers) == 1);
  // A client that begins anew again and again costs much; one that says nothing keeps no buffers.
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  // Who comes back brings its session itself (a ticket).
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
}

}  // namespace

Result<Tls> TlsFiles::Read() {
  stamps_.clear();
  auto chain = ReadStamped(certificate_, &stamps_);
  auto key = ReadStamped(key_, &stamps_);
  if (!chain) return Reject("--tls-cert " + chain.error().text);
  if (!key) return Reject("--tls-key " + key.error().text);
  auto tls = std::make_shared<TlsContext>();
  SSL_CTX* const ssl = tls->context.native_handle();
  SetUp(ssl);
  boost::system::error_code error;
  // Else OpenSSL would ask for it at the terminal.
  tls->context.set_password_callback([](size_t, context::password_purpose) { return ""; }, error);
  tls->context.use_certificate_chain(asio::buffer(*chain), error);
  if (error) {
    return Reject("--tls-cert " + certificate_ +
                  ": has no certificate in PEM (-----BEGIN CERTIFICATE-----) that can be used");
  }
  tls->context.use_private_key(asio::buffer(*key), context::pem, error);
  ERR_clear_error();
  if (error && ERR_GET_LIB(static_cast<unsigned long>(error.value())) == ERR_LIB_X509) {
    return Reject("--tls-key " + key_ + ": is the key of another certificate than " + certificate_);
  }
  if (error) {
    return Reject("--tls-key " + key_ +
                  ": has no private key in PEM (-----BEGIN PRIVATE KEY-----) that can be used "
                  "without a password");
  }
  return Tls{std::move(tls), EndOf(SSL_CTX_get0_certificate(ssl))};
}

}  // namespace lyceum::gateway
