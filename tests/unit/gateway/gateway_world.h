// A gateway in memory: no socket, a NATS server that is a value, and whoever plays the session.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock.h"
#include "gateway/gateway.h"
#include "gateway/native.h"
#include "wire/memory_broker.h"

namespace lyceum::gateway {

using nlohmann::json;

inline constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
inline constexpr char kOrigin[] = "https://learn.example.org";

inline Issuer TestIssuer() {
  return {.key = kSecret, .issuer = "https://issuer.example.org", .audience = "lyceum"};
}

// One end of a socket, as the transport would have it.
class FakeSocket final : public Outgoing {
 public:
  void Send(std::string text) override { sent.push_back(std::move(text)); }
  void Close(int with, std::string why) override {
    if (code == 0) code = with, reason = std::move(why);
  }
  std::vector<std::string> sent;
  int code = 0;  // 0: open.
  std::string reason;
};

class GatewayWorld : public ::testing::Test {
 protected:
  explicit GatewayWorld(Options options = DefaultOptions()) : broker_(&clock_, {}) {
    for (uint32_t partition = 0; partition < 16; ++partition) {
      broker_.AddStream(
          {.name = subjects_.LogStream(partition), .subjects = {subjects_.LogSubjects(partition)}});
    }
    wire_ = broker_.Connect();
    sessions_ = std::make_unique<Sessions>(wire_.get(), &clock_, subjects_);
    gateway_ = std::make_unique<Gateway>(sessions_.get(), &clock_, std::move(options), Pages());
    owner_ = broker_.Connect();
    EXPECT_TRUE(RunUntil([&] { return wire_->connected() && owner_->connected(); }));
  }
  ~GatewayWorld() override {
    gateway_.reset();
    sessions_.reset();
  }
  static Options DefaultOptions() {
    return {.issuers = {TestIssuer()}, .origins = {kOrigin}, .demo = {}, .demo_course = {}};
  }

  bool RunUntil(const std::function<bool()>& condition, int64_t ms_max = 20'000) {
    for (int64_t passed = 0; passed < ms_max; passed += 50) {
      wire_->Flush();
      owner_->Flush();
      if (broker_.RunUntil(condition, 50'000)) return true;
      sessions_->Tick();
      gateway_->Tick();
    }
    return condition();
  }
  void RunMs(int64_t ms) {
    RunUntil([] { return false; }, ms);
  }

  std::string Token(const std::string& subject, int64_t seconds = 600) {
    return MakeToken(TestIssuer(), subject, clock_.UnixMs() / 1000 + seconds);
  }
  Request Make(const std::string& method, const std::string& target, const std::string& token = "",
               const std::string& body = "") {
    Request request{.method = method, .target = target, .remote = "127.0.0.1", .body = body};
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
    return request;
  }
  // Empty: no answer in time.
  std::optional<Answer> Ask(Request request) {
    const auto answer = std::make_shared<std::optional<Answer>>();
    gateway_->Handle(std::move(request), [answer](Answer given) { *answer = std::move(given); });
    RunUntil([&] { return answer->has_value(); });
    return std::move(*answer);
  }
  Response AskForResponse(Request request) {
    auto answer = Ask(std::move(request));
    if (!answer || !std::holds_alternative<Response>(*answer)) {
      ADD_FAILURE() << "no response";
      return {.status = 0, .body = "{}"};
    }
    return std::get<Response>(*std::move(answer));
  }
  int Status(Request request) { return AskForResponse(std::move(request)).status; }

  size_t Records(const std::string& user) {
    return broker_.Stored(subjects_.LogStream(subjects_.PartitionOf(user))).size();
  }
  json Record(const std::string& user, size_t index) {
    const auto all = broker_.Stored(subjects_.LogStream(subjects_.PartitionOf(user)));
    return index < all.size() ? json::parse(all[index].data) : json();
  }
  // What a session would say to one of its clients.
  void Say(const std::string& client, const json& message) {
    const std::string text = message.dump();
    EXPECT_TRUE(owner_->Publish(
        {.subject = "lyceum.out." + client, .data = text, .content_type = "application/json"}));
  }
  // Answers all queries with this view from now on.
  void AnswerQueries(const json& view) {
    view_ = view.dump();
    if (std::exchange(answers_, true)) return;
    EXPECT_TRUE(owner_->Subscribe("lyceum.q.*.*", "", [this](const wire::Arrived& query) {
      EXPECT_TRUE(owner_->Publish({.subject = query.reply, .data = view_}));
      owner_->Flush();
    }));
    RunMs(50);
  }

  ManualClock clock_;
  wire::MemoryBroker broker_;
  const envelope::Subjects subjects_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::unique_ptr<wire::MemoryWire> owner_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Gateway> gateway_;
  std::string view_;
  bool answers_ = false;
};

}  // namespace lyceum::gateway
