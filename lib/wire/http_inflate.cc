#include "wire/http_inflate.h"

#include <zlib.h>

#include "base/check.h"

namespace lyceum::wire {

// Gzip or zlib, whichever its first bytes say.
constexpr int kAnyWindow = MAX_WBITS + 32;

struct Inflater::Stream {
  z_stream z{};
};

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  CHECK(inflateInit2(&stream_->z, kAnyWindow) == Z_OK);
}

Inflater::~Inflater() { inflateEnd(&stream_->z); }

bool Inflater::Next(std::string_view& coded, std::string& text, size_t bytes_max) {
  if (ended_) {
    coded = {};
    return true;
  }
  const size_t before = text.size();
  text.resize(before + bytes_max);
  z_stream& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  z.avail_in = static_cast<uInt>(coded.size());
  z.next_out = reinterpret_cast<Bytef*>(text.data() + before);
  z.avail_out = static_cast<uInt>(bytes_max);
  const int code = inflate(&z, Z_SYNC_FLUSH);
  coded.remove_prefix(coded.size() - z.avail_in);
  text.resize(text.size() - z.avail_out);
  ended_ = code == Z_STREAM_END;
  full_ = z.avail_out == 0 && !ended_;
  if (ended_) coded = {};
  // Z_BUF_ERROR: nothing to do, which is no error where there is no input.
  return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
}

}  // namespace lyceum::wire
