// lyceum decode: any payload of the contract as JSON.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/terminal.h"
#include "envelope/codec.h"

namespace lyceum::cli {
namespace {

constexpr size_t kPayloadBytesMax = 8 << 20;

}  // namespace

int RunDecode(const Common& common, const DecodeOptions& options) {
  Result<std::string> data = ReadAll(options.file, kPayloadBytesMax);
  if (!data) return FailUsage(data.error());
  Result<std::string> text = envelope::ToJson(options.type, *data);
  if (!text) return Fail(text.error());
  const auto json = nlohmann::ordered_json::parse(*text, nullptr, false);
  if (json.is_discarded()) {
    std::cout << Plain(*text) << std::endl;
  } else {
    std::cout << (common.json ? json.dump() : Plain(json.dump(2))) << std::endl;
  }
  return kDone;
}

}  // namespace lyceum::cli
