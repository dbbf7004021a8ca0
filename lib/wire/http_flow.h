// HttpFlow: what the reader of a response and the loop that fetches it share.
// HttpDoor: where other threads leave word for the loop.
//
// The loop puts the head, the body's bytes as they came, and the end into the flow; the reader
// takes them out. Either may fail it; the first failure stays. Locks are held for a move of bytes
// at most, never both at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wire/http.h"
#include "wire/http_handles.h"

namespace lyceum::wire {

struct HttpRunning;  // The loop's own part of a transfer: http_running.h

class HttpFlow {
 public:
  explicit HttpFlow(Deadline deadline) : deadline_(deadline) {}

  // Of the loop. They do not wake the reader: Wake does, once for all that has come at a time.
  void PutHead(HttpHead head);
  // kFull: nothing was taken, TakeResume will be true once there is room. kUnwanted: nobody reads.
  enum class Put { kTaken, kFull, kUnwanted };
  Put PutBody(const char* data, size_t size);
  void PutEnd();
  void Wake() { changed_.notify_all(); }
  std::chrono::milliseconds pace() const { return pace_; }

  // Of any thread. False: it had failed before, or all of it had come.
  bool Fail(HttpFailure failure, Error error);
  // The reader wants no more. True: the loop has to hear of it.
  bool Drop();
  // The reader wants no more, but the end may still come. True: the loop has to hear of it.
  bool Finish();
  bool over() const;  // Failed or dropped: the loop is to end it.
  bool finishing() const;
  bool TakeResume();  // There is room again, since PutBody refused; true once.
  std::optional<HttpFailure> failure() const;

  void set_pace(std::chrono::milliseconds pace) { pace_ = pace; }
  // Of the reader; they wait, until the deadline. Empty bytes: the end.
  Result<HttpHead> WaitHead();
  struct Taken {
    std::string bytes;
    bool resume = false;  // The loop waits for room: tell it.
  };
  Result<Taken> WaitBody();

  // Of the loop alone.
  HttpRunning* running = nullptr;

 private:
  friend class HttpDoor;

  const Deadline deadline_;
  std::atomic<std::chrono::milliseconds> pace_{std::chrono::milliseconds(0)};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<HttpHead> head_;  // From here on guarded by mutex_.
  std::string pipe_;
  bool whole_ = false;
  bool dropped_ = false;
  bool refused_ = false;  // PutBody said no.
  bool finishing_ = false;
  size_t finish_bytes_ = 0;  // Come since, and thrown away.
  std::optional<HttpFailure> failure_;
  Error error_;
  bool posted_ = false;  // Guarded by the door's mutex.
};

class HttpDoor {
 public:
  HttpDoor();

  // False: the loop has ended.
  bool PostBegin(std::unique_ptr<HttpRunning>& running);
  // "Look at this flow." A flow waits here once at most, so this is as bounded as the transfers.
  void Post(const std::shared_ptr<HttpFlow>& flow);
  void Close();

  struct Words {
    std::vector<std::unique_ptr<HttpRunning>> begins;
    std::vector<std::shared_ptr<HttpFlow>> flows;
    bool open = true;
  };
  Words Take();
  int fd() const { return event_.get(); }  // Readable while there are words.

 private:
  void Ring();

  Descriptor event_;
  std::mutex mutex_;
  Words words_;  // Guarded by mutex_.
};

}  // namespace lyceum::wire
