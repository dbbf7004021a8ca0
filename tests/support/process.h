// A program that a test starts. It ends with the test: at the latest when this object is destroyed,
// and by the kernel where the test itself is killed (more exactly: when the thread that started it
// ends).
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/temp_dir.h"

namespace lyceum::test {

class Process {
 public:
  // args[0] is the program, a path or a name on the PATH. `env` is put over the environment of the
  // test; an empty value takes the variable away. `input` is its standard input.
  explicit Process(std::vector<std::string> args, std::map<std::string, std::string> env = {},
                   const std::string& input = "");
  ~Process();  // Kill9 where it still runs.
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void Signal(int signal);
  void Kill9();      // SIGKILL, and waits for the end.
  void Terminate();  // SIGTERM, and does not wait.
  // Stops its first thread for good and lets the others run: as where a disk does not answer. Throws
  // where the system does not allow it. The thread that calls this is the one to Wait.
  void StopFirstThread();
  // The same, of the thread of that name (pthread_setname_np).
  void StopThread(const std::string& name);
  // The exit code, 128 + the signal where one ended it; empty: still running at the deadline.
  std::optional<int> Wait(Deadline deadline);

  // What it has written so far.
  std::string out() const { return ReadFile(files_ / "out"); }
  std::string err() const { return ReadFile(files_ / "err"); }

 private:
  void Reap(int options);
  void Stop(pid_t thread);

  TempDir files_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::vector<pid_t> stopped_;  // Threads: each has to be waited for before the process is gone.
};

// Runs a program to its end. Throws where it has not ended at the deadline (30 s unless told).
struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};
Ran Run(std::vector<std::string> args, std::map<std::string, std::string> env = {},
        const std::string& input = "", std::chrono::milliseconds wait = std::chrono::seconds(30));

}  // namespace lyceum::test
