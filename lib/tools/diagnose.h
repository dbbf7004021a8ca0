// diagnose_error: what may have gone wrong in an answer that no author foresaw.
//
// Compares the answer with the key by rules that hold for any number: the sign, the reciprocal, the
// percent, the decimal point, rounding, off by one, an answer given before. Says which, never the
// key.
#pragma once

#include "tools/topic_view.h"
#include "tutor/call.h"

namespace lyceum::tools {

tutor::DiagnoseErrorOk Diagnose(const TopicView& view, const tutor::DiagnoseErrorArgs& args);

// The rules alone, strongest first. Empty: none applies.
std::vector<tutor::Hypothesis> CompareNumbers(const std::string& key, const std::string& answer);

}  // namespace lyceum::tools
