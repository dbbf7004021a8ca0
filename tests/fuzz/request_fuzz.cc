// Any bytes as a request to the gateway, behind its HTTP parser: target, headers, body or WebSocket frame, in every convention. It is
// answered once; a refusal is a sentence; what is streamed is frames of JSON; and nothing but events of learners gets into the log.
//
// Input: "<method> <target>\n", headers "<name>: <value>\n", "\n", the body. A good token is put to it, unless it has one.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/manual_clock.h"
#include "gateway/gateway.h"
#include "wire/memory_broker.h"

namespace {

using namespace lyceum;           // NOLINT
using namespace lyceum::gateway;  // NOLINT
using nlohmann::json;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr int64_t kAnswerMs = 25'000;

class Socket final : public Outgoing {
 public:
  void Send(std::string text) override {
    CHECK(!closed);
    sent += text;
  }
  void Close(int, std::string) override { closed = true; }
  std::string sent;
  bool closed = false;
};

class World {
 public:
  World() : broker_(&clock_, {}) {
    for (uint32_t partition = 0; partition < 16; ++partition) {
      broker_.AddStream(
          {.name = subjects_.LogStream(partition), .subjects = {subjects_.LogSubjects(partition)}});
    }
    wire_ = broker_.Connect();
    owner_ = broker_.Connect();
    sessions_ = std::make_unique<Sessions>(wire_.get(), &clock_, subjects_);
    Options options{
        .issuers = {issuer_}, .origins = {"https://a.example"}, .demo = {}, .demo_course = {}};
    gateway_ = std::make_unique<Gateway>(sessions_.get(), &clock_, std::move(options), Pages());
    RunUntil([&] { return wire_->connected() && owner_->connected(); }, 1'000);
    const std::string view =
        R"({"found":true,"user":"ada","state":"exposition","n":1,"applied_seq":"9","history":[)"
        R"({"index":1,"role":"tutor","kind":"text","text":"Hello."}]})";
    CHECK(owner_->Subscribe("lyceum.q.*.*", "", [this, view](const wire::Arrived& query) {
      CHECK(owner_->Publish({.subject = query.reply, .data = view}));
    }));
    RunUntil([] { return false; }, 100);
  }
  ~World() {
    peer_.reset();
    gateway_.reset();
    sessions_.reset();
  }

  void Ask(Request request) {
    if (request.header("authorization").empty()) {
      request.headers.emplace_back(
          "authorization", "Bearer " + MakeToken(issuer_, "ada", clock_.UnixMs() / 1000 + 600));
    }
    const std::string body = request.body;
    std::optional<Answer> answer;
    gateway_->Handle(std::move(request), [&](Answer given) {
      CHECK(!answer);
      answer = std::move(given);
    });
    RunUntil([&] { return answer.has_value(); }, kAnswerMs);
    CHECK(answer);
    if (const auto* response = std::get_if<Response>(&*answer)) return CheckResponse(*response);
    auto* stream = std::get_if<StreamStart>(&*answer);
    peer_ =
        stream != nullptr ? std::move(stream->peer) : std::move(std::get<Upgrade>(*answer).peer);
    const auto socket = std::make_shared<Socket>();
    peer_->OnOpen(socket);
    if (stream == nullptr) peer_->OnText(body);
    RunUntil([] { return false; }, 1'000);
    gateway_->CloseAll();
    if (stream != nullptr) CheckFrames(socket->sent);
    answer.reset();
    CheckLog();
  }

 private:
  void RunUntil(const std::function<bool()>& condition, int64_t ms_max) {
    for (int64_t passed = 0; passed < ms_max; passed += 50) {
      wire_->Flush();
      owner_->Flush();
      if (broker_.RunUntil(condition, 50'000)) return;
      sessions_->Tick();
      gateway_->Tick();
    }
  }
  static void CheckResponse(const Response& response) {
    CHECK(response.status >= 200 && response.status < 600);
    if (response.status < 400) return;
    const json refusal = json::parse(response.body, nullptr, false);
    CHECK(refusal.is_object() && refusal["error"].is_string());
    CHECK(!refusal["error"].get<std::string>().empty());
  }
  // Server-sent events: fields of one line, and each `data` a JSON object, but for the last one of the AI SDK.
  static void CheckFrames(std::string_view sent) {
    while (!sent.empty()) {
      const size_t end = sent.find('\n');
      CHECK(end != std::string_view::npos);
      const std::string_view line = sent.substr(0, end);
      sent.remove_prefix(end + 1);
      if (line.substr(0, 6) != "data: " || line == "data: [DONE]") continue;
      CHECK(json::parse(line.substr(6), nullptr, false).is_object());
    }
  }
  void CheckLog() {
    for (uint32_t partition = 0; partition < 16; ++partition) {
      for (const auto& record : broker_.Stored(subjects_.LogStream(partition))) {
        CHECK(record.subject.find(".user.ada") != std::string::npos);
        CHECK(envelope::EventFromJson(record.data));
      }
    }
  }

  const Issuer issuer_{.key = kSecret, .issuer = "https://issuer.example", .audience = "lyceum"};
  ManualClock clock_;
  wire::MemoryBroker broker_;
  const envelope::Subjects subjects_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::unique_ptr<wire::MemoryWire> owner_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Peer> peer_;
};

std::string_view Line(std::string_view* input) {
  const size_t end = std::min(input->find('\n'), input->size());
  const std::string_view line = input->substr(0, end);
  input->remove_prefix(std::min(end + 1, input->size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Request request{.remote = "127.0.0.1"};
  const std::string_view first = Line(&input);
  const size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.target = first.substr(std::min(space + 1, first.size()));
  while (!input.empty()) {
    const std::string_view header = Line(&input);
    const size_t colon = header.find(": ");
    if (colon == std::string_view::npos) break;
    request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
  }
  request.upgrade = !request.header("upgrade").empty();
  request.body = input.substr(0, 32 * 1024);
  World().Ask(std::move(request));
  return 0;
}
