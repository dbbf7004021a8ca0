// ModelGrader: what no checker may judge, judged by the configured language models with the tool
// that sessions use.
#pragma once

#include <string>

#include "base/result.h"
#include "grading/answer/pair.h"
#include "models/models.h"
#include "tools/toolbox.h"

namespace lyceum::cli {

// Thread-safe.
class ModelGrader {
 public:
  // kReject: nothing is configured, or it is wrong.
  static Result<ModelGrader> Open(const models::Flags& flags);

  // Ungraded where no model answered, or none was sure; the note says which.
  grading::PairGrade Grade(const std::string& id, const grading::Pair& pair) const;

 private:
  explicit ModelGrader(tools::Toolbox tools) : tools_(std::move(tools)) {}
  tools::Toolbox tools_;
};

}  // namespace lyceum::cli
