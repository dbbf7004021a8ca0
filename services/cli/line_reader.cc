#include "cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace lyceum::cli {
namespace {

constexpr int kWaitMs = 200;

}  // namespace

LineReader::LineReader(int fd, std::shared_ptr<wire::MessageBox> box, int line_tag, int end_tag)
    : fd_(fd), box_(std::move(box)), line_tag_(line_tag), end_tag_(end_tag) {
  thread_ = std::thread([this] { Run(); });
}

LineReader::~LineReader() {
  stop_ = true;
  thread_.join();
}

bool LineReader::WaitForInput() const {
  while (!stop_) {
    pollfd poll_for{fd_, POLLIN, 0};
    const int ready = poll(&poll_for, 1, kWaitMs);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool LineReader::Give(int tag, std::string line) {
  while (!stop_) {
    if (!room_.try_acquire_for(std::chrono::milliseconds(kWaitMs))) continue;
    wire::Message message;
    message.tag = tag;
    message.data = std::move(line);
    // A push that found no room loses its message: push copies.
    while (!stop_ && !box_->closed()) {
      if (box_->Push(message, In(std::chrono::milliseconds(kWaitMs)))) return true;
    }
  }
  return false;
}

void LineReader::Run() {
  std::string line;
  char chunk[4096];
  while (WaitForInput()) {
    const ssize_t got = read(fd_, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      if (chunk[i] != '\n') {
        if (line.size() < kLineBytesMax) line += chunk[i];
        continue;
      }
      if (!Give(line_tag_, std::exchange(line, {}))) return;
    }
  }
  if (!line.empty() && !Give(line_tag_, std::move(line))) return;
  Give(end_tag_, {});
}

}  // namespace lyceum::cli
