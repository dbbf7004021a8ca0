// Private to this library: one request on its way through the routes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "gateway/gateway.h"

namespace lyceum::gateway {

inline constexpr char kNoTicket[] = "The ticket is unknown, used or too old: get a new one.";

struct Gateway::Call {
  Request request;
  Done done;
  Target target;
  Identity identity;
  std::string allow_origin;  // The origin it comes from, which is one of ours.

  void Answer(gateway::Answer answer) {
    std::visit(Overloaded{[&](Response& response) { Complete(&response.headers); },
                          [&](StreamStart& stream) { Complete(&stream.headers); }, [](Upgrade&) {}},
               answer);
    done(std::move(answer));
  }
  void Complete(std::vector<std::pair<std::string, std::string>>* headers) const {
    headers->emplace_back("X-Content-Type-Options", "nosniff");
    headers->emplace_back("Vary", "Origin");
    if (allow_origin.empty()) return;
    headers->emplace_back("Access-Control-Allow-Origin", allow_origin);
    headers->emplace_back("Access-Control-Expose-Headers", "x-vercel-ai-ui-message-stream");
  }
};

}  // namespace lyceum::gateway
