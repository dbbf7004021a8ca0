#include "support/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace lyceum::test {
namespace {

constexpr long kValidSeconds = 24 * 60 * 60;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Free<X509_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using BioHandle = std::unique_ptr<BIO, Free<BIO_free_all>>;

void Must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL can not make a certificate");
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

void Extend(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

Certificate MakeCertificate(const std::string& alternative_name) {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const X509Handle certificate(X509_new());
  Must(key && certificate);
  X509* x509 = certificate.get();
  Must(X509_set_version(x509, 2) == 1);
  Must(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1);
  // A clock that is a little behind does not matter.
  Must(X509_gmtime_adj(X509_getm_notBefore(x509), -kValidSeconds) != nullptr);
  Must(X509_gmtime_adj(X509_getm_notAfter(x509), kValidSeconds) != nullptr);
  Must(X509_set_pubkey(x509, key.get()) == 1);
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* common = reinterpret_cast<const unsigned char*>("test server");
  Must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1);
  Must(X509_set_issuer_name(x509, name) == 1);
  Extend(x509, NID_basic_constraints, "critical,CA:TRUE");
  Extend(x509, NID_subject_alt_name, alternative_name);
  Must(X509_sign(x509, key.get(), EVP_sha256()) != 0);

  const BioHandle pem(BIO_new(BIO_s_mem()));
  const BioHandle key_pem(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(pem.get(), x509) == 1);
  Must(PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
       1);
  return {Text(pem.get()), Text(key_pem.get())};
}

}  // namespace lyceum::test
