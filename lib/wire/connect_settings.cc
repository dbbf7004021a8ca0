#include "wire/connect_settings.h"

namespace lyceum::wire {

void DeclareNats(Settings& settings, ConnectOptions* options) {
  settings
      .Text("nats-url", &options->url, "NATS servers, comma separated; tls:// for TLS",
            {"NATS_URL"})
      .Text("nats-user", &options->user, "User at the NATS server", {"NATS_USER"})
      .Secret("nats-password", &options->password, "Password at the NATS server", {"NATS_PASSWORD"})
      .Text("nats-creds", &options->credentials_file, "Credentials file for the NATS server",
            {"NATS_CREDS"})
      .Text("nats-ca", &options->ca_file,
            "PEM file: the authorities to trust for TLS with the NATS server, which it then must "
            "have "
            "(default: the system's)",
            {"NATS_CA"})
      .Text("nats-cert", &options->certificate_file,
            "PEM file: our certificate for the NATS server, those above it after it", {"NATS_CERT"})
      .Text("nats-key", &options->key_file, "PEM file: the key of --nats-cert", {"NATS_KEY"});
}

}  // namespace lyceum::wire
