// Inflater: gzip and zlib, a bounded piece at a time. zlib.h stops in its source.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lyceum::wire {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends no more than bytes_max to the text and takes what it has read off `coded`. What comes
  // after the end of the compressed data is dropped. False: not compressed data.
  bool Next(std::string_view& coded, std::string& text, size_t bytes_max);
  bool full() const { return full_; }    // There may be more without further input.
  bool ended() const { return ended_; }  // The compressed data came to its end.

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  bool full_ = false;
  bool ended_ = false;
};

}  // namespace lyceum::wire
