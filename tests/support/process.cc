#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "support/eventually.h"

namespace lyceum::test {
namespace {

std::vector<std::string> Environment(const std::map<std::string, std::string>& over) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!over.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : over) {
    if (!value.empty()) result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void Redirect(const char* path, int flags, int to) {
  const int file = open(path, flags | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, to) < 0) _exit(126);
}

// Between fork and exec only calls that are safe there, and no memory is taken.
[[noreturn]] void Become(char* const* args, char* const* env, const char* in, const char* out,
                         const char* err, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  Redirect(in, O_RDONLY, STDIN_FILENO);
  Redirect(out, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
  Redirect(err, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
  execvpe(args[0], args, env);
  _exit(127);
}

}  // namespace

Process::Process(std::vector<std::string> args, std::map<std::string, std::string> env,
                 const std::string& input) {
  const std::string in = files_ / "in", out = files_ / "out", err = files_ / "err";
  WriteFile(in, input);
  WriteFile(out, "");
  WriteFile(err, "");
  std::vector<std::string> environment = Environment(env);
  const std::vector<char*> arg_pointers = Pointers(args);
  const std::vector<char*> env_pointers = Pointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("can not start " + args.front());
  if (pid_ == 0) {
    Become(arg_pointers.data(), env_pointers.data(), in.c_str(), out.c_str(), err.c_str(), parent);
  }
}

Process::~Process() { Kill9(); }

void Process::Reap(int options) {
  int status = 0;
  if (exit_code_) return;
  std::erase_if(stopped_, [&](pid_t thread) {
    pid_t told = 0;
    do {
      told = waitpid(thread, &status, options | __WALL);
    } while ((told < 0 && errno == EINTR) || (told == thread && WIFSTOPPED(status)));
    return told != 0;
  });
  pid_t ended = 0;
  do {  // A thread that was stopped is told of here too.
    ended = waitpid(pid_, &status, options);
  } while ((ended < 0 && errno == EINTR) || (ended == pid_ && WIFSTOPPED(status)));
  if (ended != pid_) return;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool Process::running() {
  Reap(WNOHANG);
  return !exit_code_.has_value();
}

void Process::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

void Process::Kill9() {
  Signal(SIGKILL);
  Reap(0);
}

void Process::Terminate() { Signal(SIGTERM); }

void Process::Stop(pid_t thread) {
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0 ||
      ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) {
    throw std::runtime_error("can not stop a thread of another process");
  }
  if (thread != pid_) stopped_.push_back(thread);
}

void Process::StopFirstThread() { Stop(pid_); }

void Process::StopThread(const std::string& name) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    if (ReadFile(task.path() / "comm") == name + "\n") {
      return Stop(std::stoi(task.path().filename().string()));
    }
  }
  throw std::runtime_error("there is no thread " + name);
}

std::optional<int> Process::Wait(Deadline deadline) {
  Eventually(deadline, [this] { return !running(); });
  return exit_code_;
}

Ran Run(std::vector<std::string> args, std::map<std::string, std::string> env,
        const std::string& input, std::chrono::milliseconds wait) {
  const std::string program = args.front();
  Process process(std::move(args), std::move(env), input);
  const std::optional<int> code = process.Wait(In(wait));
  if (!code) throw std::runtime_error(program + " has not ended in time: " + process.err());
  return {*code, process.out(), process.err()};
}

}  // namespace lyceum::test
