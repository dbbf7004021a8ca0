// lyceum tool: for authors of tools.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "cli/cli.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

constexpr size_t kPayloadBytesMax = 1 << 20;  // As much as the server takes.

// What is published is an event. Of JSON that is a result alone an event is made.
std::string EventWith(std::string data, envelope::Encoding encoding) {
  if (encoding != envelope::Encoding::kJson) return data;
  const auto json = nlohmann::json::parse(data, nullptr, false);
  const bool alone = json.is_object() && !json.contains("tool_result") &&
                     !json.contains("toolResult") &&
                     (json.contains("ok") || json.contains("error") || json.contains("tool"));
  return alone ? R"({"id":"check","tool_result":)" + std::move(data) + "}" : data;
}

}  // namespace

int RunToolCheck(const Common& common, const ToolCheckOptions& options) {
  Result<std::string> data = ReadAll(options.file, kPayloadBytesMax);
  if (!data) return FailUsage(data.error());
  const auto encoding = envelope::EncodingOf({}, *data);
  const auto decoded = envelope::DecodeEvent(EventWith(*std::move(data), encoding), encoding,
                                             envelope::RecordClass::kTool);
  if (!decoded) return Fail(kNo, "it does not fit: " + decoded.error().text);
  const tutor::ToolReply& reply = std::get<tutor::ToolResult>(decoded->event.kind).reply;
  const auto* error = std::get_if<tutor::ToolError>(&reply.outcome);
  const std::string_view tool = error != nullptr
                                    ? std::string_view()
                                    : tutor::Name(static_cast<tutor::Tool>(reply.outcome.index()));
  if (common.json) {
    nlohmann::ordered_json line{{"fits", true}, {"id", Plain(reply.call.value)}};
    if (error != nullptr) {
      line["error"] = Plain(error->code);
    } else {
      line["tool"] = tool;
    }
    std::cout << line.dump() << std::endl;
  } else if (error != nullptr) {
    std::cout << "It fits: the error " << PlainLine(error->code, 80) << " for the call "
              << PlainLine(reply.call.value, 80) << std::endl;
  } else {
    std::cout << "It fits: a result of " << tool << " for the call "
              << PlainLine(reply.call.value, 80) << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
