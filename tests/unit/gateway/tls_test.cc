#include "gateway/tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "support/certificate.h"
#include "support/temp_dir.h"

namespace lyceum::gateway {
namespace {

// The same key, behind a password.
std::string Locked(const std::string& key_pem) {
  BIO* in = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  const unsigned char password[] = "secret";
  PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), password, 6, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string locked(text, static_cast<size_t>(size));
  BIO_free(in);
  BIO_free(out);
  EVP_PKEY_free(key);
  return locked;
}

class TlsOfAGateway : public testing::Test {
 protected:
  TlsOfAGateway() { Write(made_.pem, made_.key_pem); }
  void Write(const std::string& certificate, const std::string& key) {
    test::WriteFile(dir_ / "c.pem", certificate);
    test::WriteFile(dir_ / "k.pem", key);
  }
  std::string WhyNot(const std::string& certificate, const std::string& key) {
    Write(certificate, key);
    const auto tls = files_.Read();
    return tls ? "" : tls.error().text;
  }

  test::TempDir dir_;
  const test::Certificate made_ = test::MakeCertificate("IP:127.0.0.1");
  TlsFiles files_{dir_ / "c.pem", dir_ / "k.pem"};
};

TEST_F(TlsOfAGateway, SaysWhenTheCertificateEnds) {
  const auto tls = files_.Read();
  ASSERT_TRUE(tls) << tls.error().text;
  EXPECT_NE(tls->context, nullptr);
  EXPECT_NEAR(static_cast<double>(tls->ends_unix_s), UnixMs() / 1000.0 + 24 * 60 * 60, 60);
}

TEST_F(TlsOfAGateway, AWrongFileIsNamedWithWhatItTakes) {
  const std::string cert = "--tls-cert " + (dir_ / "c.pem") + ": ";
  const std::string key = "--tls-key " + (dir_ / "k.pem") + ": ";
  const auto begins = [&](const std::string& text, const std::string& with) {
    EXPECT_EQ(text.substr(0, with.size()), with);
    EXPECT_EQ(text.find("PRIVATE KEY-----\nM"), std::string::npos);
  };
  begins(WhyNot("", made_.key_pem), cert + "has no certificate in PEM");
  begins(WhyNot(made_.key_pem, made_.key_pem), cert + "has no certificate in PEM");
  begins(WhyNot(made_.pem, ""), key + "has no private key in PEM");
  begins(WhyNot(made_.pem, made_.pem), key + "has no private key in PEM");
  begins(WhyNot(made_.pem, Locked(made_.key_pem)), key + "has no private key in PEM");
  begins(WhyNot(made_.pem, test::MakeCertificate("IP:127.0.0.1").key_pem),
         key + "is the key of another certificate");
  begins(WhyNot(std::string(kWatchedFileBytesMax + 1, 'x'), made_.key_pem),
         cert + "is larger than 256 KiB");
  Write(made_.pem, made_.key_pem);
  begins(TlsFiles(dir_ / "none", dir_ / "k.pem").Read().error().text,
         "--tls-cert " + (dir_ / "none") + ": cannot be read");
  begins(TlsFiles(dir_ / "c.pem", dir_ / "none").Read().error().text,
         "--tls-key " + (dir_ / "none") + ": cannot be read");
}

TEST_F(TlsOfAGateway, AChangeOfEitherFileIsSeen) {
  ASSERT_TRUE(files_.Read());
  EXPECT_FALSE(files_.Changed());
  const auto next = test::MakeCertificate("IP:127.0.0.1");
  test::WriteFile(dir_ / "c.pem", next.pem + "\n");
  EXPECT_TRUE(files_.Changed());
  EXPECT_FALSE(files_.Read());
  EXPECT_FALSE(files_.Changed()) << "what cannot be used is not read again and again";
  test::WriteFile(dir_ / "k.pem", next.key_pem + "\n");
  EXPECT_TRUE(files_.Changed());
  EXPECT_TRUE(files_.Read());
}

}  // namespace
}  // namespace lyceum::gateway
