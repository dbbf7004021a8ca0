#include "cli/cli.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <random>

#include "base/token.h"
#include "wire/connect_settings.h"

namespace lyceum::cli {

envelope::Subjects Common::subjects() const {
  return envelope::Subjects(prefix, static_cast<uint32_t>(partitions));
}

Settings SettingsOf(Common* common) {
  Settings settings;
  wire::DeclareNats(settings, &common->nats);
  settings.Text("prefix", &common->prefix, "First token of every subject")
      .Number("partitions", &common->partitions, 1, 1024, "Partitions, fixed at install")
      .Switch("json", &common->json, "One JSON object a line on standard output");
  models::Declare(settings, &common->models);
  return settings;
}

Result<void> CheckCommon(const Common& common) {
  if (!IsToken(common.prefix) || common.prefix[0] == '~') {
    return Reject("prefix must be one subject token: [A-Za-z0-9_-]{1,64}");
  }
  return {};
}

wire::ConnectOptions ConnectOptionsOf(const Common& common) {
  wire::ConnectOptions options = common.nats;
  options.name = "lyceum";
  return options;
}

Result<std::shared_ptr<wire::Connection>> Connect(const Common& common) {
  return wire::Connection::Connect(ConnectOptionsOf(common));
}

int Fail(Exit code, std::string_view sentence) {
  std::cout.flush();
  std::cerr << "lyceum: " << sentence << std::endl;
  return code;
}

int Fail(const Error& error) {
  std::string text = error.text;
  // The server's words for what it forbids; it does not answer such a request.
  const bool forbidden = text.find("Permissions Violation") != std::string::npos;
  if (forbidden && !RoleNeeded().empty() && text.find("needs the role") == std::string::npos) {
    text += "; this command needs the role " + std::string(RoleNeeded()) +
            ": set NATS_USER and NATS_PASSWORD to it, or use a context of it";
  }
  return Fail(error.fault == Fault::kRetry ? kAway : kNo, text);
}

int FailUsage(const Error& error) {
  return Fail(error.fault == Fault::kRetry ? kAway : kUsage, error.text);
}

Result<UserId> UserOf(const std::string& text) {
  if (IsToken(text)) return UserId(text);
  Result<std::string> token = ToToken(text);
  if (!token) return Reject("the user: " + token.error().text);
  return UserId(*token);
}

Result<ClientId> ClientOf(const std::string& text) {
  if (IsToken(text)) return ClientId(text);
  Result<std::string> token = ToToken(text);
  if (!token) return Reject("the client: " + token.error().text);
  return ClientId(*token);
}

std::string FreshId() {
  std::random_device random;
  char text[33];
  std::snprintf(text, sizeof(text), "%08x%08x%08x%08x", random(), random(), random(), random());
  return text;
}

Result<std::string> ReadAll(const std::string& path, size_t bytes_max) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return Reject("can not read " + path + ": name a readable file");
  }
  std::istream& from = path == "-" ? std::cin : file;
  std::string text(bytes_max + 1, '\0');
  from.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(from.gcount()));
  if (from.bad()) return Reject("reading " + path + " failed");
  if (text.size() > bytes_max) {
    return Reject(path + " is larger than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

}  // namespace lyceum::cli
