// An answer as a stream, of any convention that has one: the events that came, and what a session says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway_world.h"

namespace lyceum::gateway {

class AnswerWorld : public GatewayWorld {
 protected:
  void Open(Request request) {
    auto answer = Ask(std::move(request));
    ASSERT_TRUE(answer && std::holds_alternative<StreamStart>(*answer));
    peer_ = std::move(std::get<StreamStart>(*answer).peer);
    socket_ = std::make_shared<FakeSocket>();
    peer_->OnOpen(socket_);
    RunMs(60);
  }
  void TearDown() override { peer_.reset(); }
  json Message(uint32_t n, const std::string& reply_to, const json& body,
               const std::string& state = "exposition") {
    json message = {{"user", "ada"},
                    {"id", "3-1-" + std::to_string(n)},
                    {"n", n},
                    {"state", state},
                    {"in_reply_to", reply_to}};
    message.update(body);
    return message;
  }
  json Delta(uint32_t attempt, uint32_t offset, const std::string& text) {
    return {{"user", "ada"},
            {"delta",
             {{"request_id", "3-9-0"}, {"attempt", attempt}, {"offset", offset}, {"text", text}}}};
  }
  std::string client() { return Record("ada", 0)["client"]; }
  // The chunks so far, "[DONE]" as a text.
  std::vector<json> Chunks() {
    std::vector<json> chunks;
    std::string all;
    for (const std::string& text : socket_->sent) all += text;
    for (size_t at = 0; at < all.size();) {
      const size_t end = all.find("\n\n", at);
      const std::string frame = all.substr(at, end - at);
      EXPECT_EQ(frame.substr(0, 6), "data: ");
      const json chunk = json::parse(frame.substr(6), nullptr, false);
      chunks.push_back(chunk.is_discarded() || chunk.is_array() ? json(frame.substr(6)) : chunk);
      at = end + 2;
    }
    return chunks;
  }
  void View(const std::string& state, uint32_t n, uint64_t applied) {
    AnswerQueries({{"found", true},
                   {"user", "ada"},
                   {"state", state},
                   {"n", n},
                   {"applied_seq", std::to_string(applied)}});
  }
  std::unique_ptr<Peer> peer_;
  std::shared_ptr<FakeSocket> socket_;
};

}  // namespace lyceum::gateway
