// QueryService: answers lyceum.query.<user> for the partitions of this worker, from what is
// committed.
//
// A thread of its own, which reads the store and never a session in memory: a query can not slow a
// partition down by more than its reads. Bounded: a full mailbox drops queries, and the asker's
// request times out.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "store/store.h"
#include "wire/connection.h"

namespace lyceum::session {

class QueryService {
 public:
  struct Options {
    envelope::Subjects subjects;
    std::string worker;
    std::vector<store::PartitionId> partitions;
  };
  static Result<std::unique_ptr<QueryService>> Start(std::shared_ptr<wire::Connection> connection,
                                                     store::Store* store, Options options);
  ~QueryService();

 private:
  QueryService(std::shared_ptr<wire::Connection> connection, store::Store* store, Options options);
  void Run();
  std::string Answer(const wire::Message& question);
  Result<std::string> View(const UserId& user, const envelope::Query& query,
                           tutor::Encoding encoding);

  std::shared_ptr<wire::Connection> connection_;
  store::Store* store_;
  Options options_;
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscriptions_;
  std::thread thread_;
};

}  // namespace lyceum::session
