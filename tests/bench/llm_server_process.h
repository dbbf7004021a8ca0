// A server that speaks as language models do, in a child of this process: what it costs is not
// ours.
//
// Each answer is kModelText, in the pieces that test::LlmServer makes of it. Made before this
// process has its second thread; ends with its owner.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace lyceum::bench {

inline constexpr char kModelText[] = "Add the numerators, and keep the denominator as it is.";

class LlmServerProcess {
 public:
  struct Pace {
    std::chrono::milliseconds before{0};  // Before the head.
    std::chrono::milliseconds gap{0};     // Between the pieces.
  };
  explicit LlmServerProcess(Pace pace);  // Throws where it does not start.
  ~LlmServerProcess();
  LlmServerProcess(const LlmServerProcess&) = delete;
  LlmServerProcess& operator=(const LlmServerProcess&) = delete;

  const std::string& url() const { return url_; }
  std::string messages() const { return url_ + "/v1/messages"; }
  // Ends it. How many connections it has accepted; throws where it does not say.
  uint64_t Stop();

 private:
  [[noreturn]] static void Serve(Pace pace, int told, int stop);

  pid_t pid_ = -1;
  int told_ = -1;  // What the server says: its url, and at its end a number.
  int stop_ = -1;
  std::string url_;
};

}  // namespace lyceum::bench
