#include "bench/llm_server_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "support/llm_server.h"

namespace lyceum::bench {
namespace {

// What one write said. Empty: nothing, and nothing will come.
std::string ReadOnce(int from) {
  std::array<char, 128> room;
  const ssize_t got = read(from, room.data(), room.size());
  return got <= 0 ? std::string() : std::string(room.data(), static_cast<size_t>(got));
}

bool Say(int to, const std::string& text) {
  return write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

LlmServerProcess::LlmServerProcess(Pace pace) {
  int told[2];
  int stop[2];
  // Not for the programs that this process starts: the server ends when the last holder is gone.
  if (pipe2(told, O_CLOEXEC) != 0 || pipe2(stop, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipes are left");
  }
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("can not fork");
  if (pid_ == 0) {
    close(told[0]);
    close(stop[1]);
    Serve(pace, told[1], stop[0]);
  }
  close(told[1]);
  close(stop[0]);
  told_ = told[0];
  stop_ = stop[1];
  url_ = ReadOnce(told_);
  if (url_.empty()) throw std::runtime_error("the server did not start");
}

LlmServerProcess::~LlmServerProcess() {
  if (stop_ >= 0) close(stop_);
  waitpid(pid_, nullptr, 0);
  close(told_);
}

uint64_t LlmServerProcess::Stop() {
  if (stop_ < 0 || !Say(stop_, "end")) throw std::runtime_error("the server has ended");
  close(std::exchange(stop_, -1));
  const std::string connections = ReadOnce(told_);
  if (connections.empty()) throw std::runtime_error("the server does not say what it saw");
  return std::stoull(connections);
}

void LlmServerProcess::Serve(Pace pace, int told, int stop) {
  bool said = false;
  {
    test::LlmServer server([pace](const test::LlmCall&) {
      test::LlmReply reply;
      reply.text = kModelText;
      reply.before = pace.before;
      reply.gap = pace.gap;
      return reply;
    });
    said = Say(told, server.url());
    const bool asked = !ReadOnce(stop).empty();
    if (said && asked) said = Say(told, std::to_string(server.connections()));
  }
  _exit(said ? 0 : 1);
}

}  // namespace lyceum::bench
