// The contract once more, with a server that speaks TLS: another way of reading and writing.
#include <cstdlib>

#include "log_contract.h"
#include "nats_world.h"
#include "support/certificate.h"
#include "support/temp_dir.h"

namespace lyceum::wire {
namespace {

test::NatsServer::Options TlsOptions() {
  // Of the process: the library reads the variable when it makes its connections.
  static const test::TempDir dir;
  static const test::Certificate certificate = test::MakeCertificate("IP:127.0.0.1,DNS:localhost");
  const std::string certificate_file = dir / "server.pem";
  test::WriteFile(certificate_file, certificate.pem);
  test::WriteFile(dir / "key.pem", certificate.key_pem);
  setenv("SSL_CERT_FILE", certificate_file.c_str(), 1);
  test::NatsServer::Options options;
  options.roles = false;
  options.tls_certificate = certificate_file;
  options.tls_key = dir / "key.pem";
  return options;
}

std::unique_ptr<WireWorld> MakeTlsWorld() { return std::make_unique<NatsWorld>(TlsOptions()); }

INSTANTIATE_WIRE_CONTRACT(Tls, MakeTlsWorld);

}  // namespace
}  // namespace lyceum::wire
