// Queries: answers lyceum.query.<user> (mapped: lyceum.q.<pp>.<user>) from what the shard has now.
//
// A session in memory costs no read; one that is not is read from the store, and so is history that
// is in no chunk in memory. Bounded: a turn answers kAnswersMax, and what comes over kWaitingMax is
// dropped: the asker's request times out.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "shard/context.h"
#include "shard/served.h"

namespace lyceum::shard {

class Queries {
 public:
  static constexpr size_t kWaitingMax = 4'096;
  static constexpr size_t kAnswersMax = 64;  // A turn of the loop.

  explicit Queries(Context* context) : context_(context) {}

  // From now on these, on the present connection.
  void Serve(const std::vector<store::PartitionId>& partitions);
  // Answers some of what waits.
  void Turn();
  bool idle() const { return waiting_.empty(); }

 private:
  struct Question {
    std::string subject;
    std::string reply;
    std::string data;
    std::string content_type;
    store::PartitionId partition = 0;
  };
  std::string Answer(const Question& question, tutor::Encoding encoding);
  std::string ErrorAnswer(tutor::ErrorCode code, const std::string& text, tutor::Encoding encoding);
  Result<std::string> View(store::PartitionId partition, const UserId& user,
                           const envelope::Query& query, tutor::Encoding encoding);

  Context* const context_;
  Served served_;
  std::deque<Question> waiting_;
};

}  // namespace lyceum::shard
