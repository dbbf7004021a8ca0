#include "gateway/pages.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/digest.h"

namespace lyceum::gateway {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 512;
constexpr size_t kBytesMax = 16 << 20;

// Nothing but what this gateway serves, no inline script or style, in nobody's frame.
constexpr char kContentPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' "
    "data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'";

std::string_view TypeOf(const fs::path& file) {
  static const std::map<std::string, std::string_view> kTypes = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".woff2", "font/woff2"},
      {".json", "application/json"},
  };
  const auto found = kTypes.find(file.extension().string());
  return found == kTypes.end() ? std::string_view() : found->second;
}

}  // namespace

Result<Pages> Pages::Load(const std::string& folder) {
  Pages pages;
  std::error_code error;
  size_t bytes = 0;
  for (fs::recursive_directory_iterator
           file(folder, fs::directory_options::follow_directory_symlink, error),
       end;
       !error && file != end; file.increment(error)) {
    const std::string_view type = TypeOf(file->path());
    if (!file->is_regular_file(error) || type.empty()) continue;
    std::ifstream in(file->path(), std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(in), {}};
    bytes += body.size();
    if (!in || pages.files_.size() == kFilesMax || bytes > kBytesMax) {
      return Reject("the files in " + folder +
                    " cannot be served: 512 readable ones of 16 MiB at most");
    }
    const std::string path = "/" + fs::relative(file->path(), folder, error).generic_string();
    Response response{.status = 200, .content_type = std::string(type), .body = std::move(body)};
    response.headers = {{"ETag", "\"" + Sha256Hex(response.body).substr(0, 32) + "\""},
                        {"Cache-Control", "no-cache"},
                        {"Content-Security-Policy", kContentPolicy},
                        {"Referrer-Policy", "no-referrer"}};
    pages.files_.emplace(path == "/index.html" ? "/" : path, std::move(response));
  }
  if (error) return Reject("cannot read the folder " + folder + ": " + error.message());
  return pages;
}

const Response* Pages::Find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace lyceum::gateway
