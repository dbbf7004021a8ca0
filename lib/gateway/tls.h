// TLS of the gateway's own port: a certificate and its key, in PEM. TLS 1.2 and 1.3; without a file, none.
//
// The files are read again when they change: who connects from then on gets the new certificate, who is connected keeps
// what was agreed. What cannot be used leaves the earlier one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "gateway/file_stamp.h"

namespace lyceum::gateway {

class TlsContext;  // stream.h

struct Tls {
  std::shared_ptr<TlsContext> context;
  int64_t ends_unix_s = 0;  // The certificate's last second.
};

// One thread.
class TlsFiles {
 public:
  // `certificate`: that of the server first, then those that lead to its authority.
  TlsFiles(std::string certificate, std::string key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  // kReject: which of the two is wrong, and what it takes.
  Result<Tls> Read();
  // One of them is not what it was at the last Read.
  bool Changed() const { return AnyChanged(stamps_); }

 private:
  const std::string certificate_;
  const std::string key_;
  std::vector<FileStamp> stamps_;
};

}  // namespace lyceum::gateway
