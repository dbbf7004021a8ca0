// Tickets: made here, and used here or at another gateway of the same Lyceum. A ticket begins with the id of its gateway: any other
// one asks that one, over NATS, whose it is, and so it opens one socket, once, wherever that is.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/base64url.h"
#include "base/check.h"
#include "base/json_object.h"
#include "base/token.h"
#include "gateway/call.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

constexpr size_t kIdBytes = 9;  // 12 characters.

std::string FreshId() {
  std::array<char, kIdBytes> bytes;
  CHECK(getentropy(bytes.data(), bytes.size()) == 0);
  return EncodeBase64Url({bytes.data(), bytes.size()});
}

std::string WriteIdentity(const Identity& identity) {
  JsonObject out;
  out.Add("user", identity.user.value).Add("name", identity.name);
  out.Add("expires_ms", identity.expires_ms);
  return out.End();
}

// Empty: it was not known there.
std::optional<Identity> ReadIdentity(const Result<std::string>& answer) {
  if (!answer) return std::nullopt;
  const auto read = nlohmann::json::parse(*answer, nullptr, false);
  if (!read.is_object() || !read.contains("user") || !read["user"].is_string() ||
      !read.contains("name") || !read["name"].is_string() || !read.contains("expires_ms") ||
      !read["expires_ms"].is_number_integer()) {
    return std::nullopt;
  }
  Identity identity{.user = UserId(read["user"].get<std::string>()),
                    .name = read["name"].get<std::string>(),
                    .expires_ms = read["expires_ms"].get<int64_t>()};
  if (!IsToken(identity.user.value)) return std::nullopt;
  return identity;
}

}  // namespace

void Gateway::AnswerForTickets() {
  id_ = FreshId();
  sessions_->AnswerGateways(id_, [this](std::string_view ticket) -> std::string {
    const auto identity = tickets_.Use(std::string(ticket), clock_->SteadyMs());
    return identity ? WriteIdentity(*identity) : "{}";
  });
}

void Gateway::MakeTicket(const std::shared_ptr<Call>& call) {
  if (!Authorize(call, false)) return;
  const auto ticket = tickets_.Make(id_, call->identity, clock_->SteadyMs());
  if (!ticket) {
    return Fail(call, counters_.refused_handshakes,
                Refusal(429, "Too many tickets are open: try again in a minute.", "gateway", true));
  }
  JsonObject body;
  body.Add("ticket", *ticket).Add("expires_in", kTicketMs / 1000);
  call->Answer(Response{.status = 201, .body = body.End()});
}

bool Gateway::AskForTicket(const std::shared_ptr<Call>& call) {
  const std::string ticket = call->target.QueryText("ticket");
  const std::string maker = ticket.substr(0, std::min(ticket.find('.'), ticket.size()));
  if (maker.size() != id_.size() || maker == id_ || !IsToken(maker)) return false;
  sessions_->AskGateway(maker, ticket, [this, call](const Result<std::string>& answer) {
    auto identity = ReadIdentity(answer);
    if (!identity || identity->expires_ms <= clock_->UnixMs()) {
      return Fail(call, counters_.refused_token, Refusal(401, kNoTicket));
    }
    call->identity = *std::move(identity);
    if (CheckSession(call, call->target.path[2])) OpenSocket(call);
  });
  return true;
}

}  // namespace lyceum::gateway
