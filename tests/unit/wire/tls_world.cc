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
  options.tls.certificate = certificate_file;
  options.tls.key = dir / "key.pem";
  return options;
}

std::unique_ptr<WireWorld> MakeTlsWorld() { return std::make_unique<NatsWorld>(TlsOptions()); }

INSTANTIATE_WIRE_CONTRACT(Tls, MakeTlsWorld);

// Messages that came for a subscription that was gone by then are not waited for.
TEST(TlsWire, WaitsWhereNothingMoreComes) {
  NatsWorld world(TlsOptions());
  const ConnectOptions options{.url = world.server().url()};
  const auto sender = world.MakeNatsWire(options);
  const auto wire = world.MakeNatsWire(options);
  constexpr std::chrono::seconds kLong{15};
  ASSERT_TRUE(world.RunUntil([&] { return sender->connected() && wire->connected(); }, kLong));
  for (int round = 0; round < 20; ++round) {
    Wire::SubscriptionId id = 0;
    int got = 0;
    auto subscribed = wire->Subscribe("some", "", [&](const Arrived&) {
      if (++got == 10) wire->Unsubscribe(id);
    });
    ASSERT_TRUE(subscribed);
    id = *subscribed;
    bool back = false;
    const std::string inbox = wire->NewInbox();
    const auto end = wire->Subscribe(inbox, "", [&](const Arrived&) { back = true; });
    ASSERT_TRUE(end);
    ASSERT_TRUE(wire->Publish({.subject = inbox}));
    ASSERT_TRUE(world.RunUntil([&] { return back; }, kLong));  // The server knows them.
    back = false;
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(sender->Publish({.subject = "some"}));
    ASSERT_TRUE(sender->Publish({.subject = inbox}));
    ASSERT_TRUE(world.RunUntil([&] { return back; }, kLong));
    EXPECT_EQ(got, 10);
    wire->Unsubscribe(*end);
  }
  const auto waits = [&] { return wire->NextDeadlineMs() - world.clock().SteadyMs() > 100; };
  EXPECT_TRUE(world.RunUntil(waits, std::chrono::seconds(5)));
}

}  // namespace
}  // namespace lyceum::wire
