// LogReader: one stream in order, from a sequence on, for ever, over a Wire. Made for the loop: it
// never waits.
//
// A push consumer without acks that lives as long as its connection and misses nothing: the server
// numbers what it delivers, so a number left out is a gap, and the server's heartbeat says which
// number was the last. On any doubt the reader is broken, says why once, and its owner opens
// another from its position. Flow control is answered when it has been read up to there; while
// Pause holds it is not, so the server stops sending after a bounded rest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "wire/wire.h"

namespace lyceum::wire {

// A record of a stream. Views: valid until the handler returns.
struct LogRecord {
  std::string_view subject;
  std::string_view content_type;
  std::string_view data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;   // When the server stored it, Unix ms.
  uint64_t pending = 0;  // How many more the stream holds for this reader now. 0: it is the newest.
  const Arrived::Headers* headers = nullptr;  // As of Arrived.
};

// What STREAM.INFO says. `created_ns` tells a stream that was made anew from the one we knew.
struct LogInfo {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  int64_t created_ns = 0;
  uint64_t messages = 0;
};
// Empty optional inside: there is no such stream. kRetry: no answer.
void GetLogInfo(Wire& wire, const std::string& stream,
                std::function<void(Result<std::optional<LogInfo>>)> done);

// One record by its sequence. Empty: it is not there.
struct OwnedRecord {
  std::string subject;
  std::string content_type;
  std::string data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;
};
void GetLogRecord(Wire& wire, const std::string& stream, uint64_t sequence,
                  std::function<void(Result<std::optional<OwnedRecord>>)> done);

class LogReader {
 public:
  using RecordHandler = std::function<void(const LogRecord&)>;
  using BrokenHandler = std::function<void(const Error&)>;  // kRetry; once; nothing comes after it.

  // Begins at the first record with sequence >= from. `clock` and `wire` outlive it. The consumer
  // is asked for at once; what goes wrong with that is told to `broken`. Destroying it inside one
  // of its own handlers is allowed.
  LogReader(Wire* wire, const Clock* clock, std::string stream, uint64_t from, RecordHandler record,
            BrokenHandler broken);
  // As above, from the first record that was stored at or after a time.
  struct FromTime {
    int64_t unix_ms = 0;
  };
  // `opened` is told once how many the stream holds of what is wanted, when the consumer is made: 0 means that
  // there may never be a record. Some may have come before it.
  struct Options {
    std::string subject;  // Only records of such subjects, wildcards allowed; empty: of all.
    std::function<void(uint64_t pending)> opened;
    // The server sends no more, but for a burst of its max_payload at the begin; 0: all it can.
    uint64_t bytes_per_s = 0;
  };
  LogReader(Wire* wire, const Clock* clock, std::string stream, FromTime from, RecordHandler record,
            BrokenHandler broken);
  LogReader(Wire* wire, const Clock* clock, std::string stream, uint64_t from, Options options,
            RecordHandler record, BrokenHandler broken);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  // Tells once when the server has made the consumer, with its time then (Unix ms; 0: it did not
  // say). Set right after the constructor.
  void OnMade(std::function<void(int64_t server_ms)> made);
  // While paused flow control is not answered; what the server sent before still comes.
  void Pause(bool paused);
  // Notices a server that has fallen silent (no record and no heartbeat for 1.7 s). Call it some
  // times a second.
  void Tick();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lyceum::wire
