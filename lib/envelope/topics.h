// Topics: values of the course bucket, rows of the store.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tutor/content.h"

namespace lyceum::envelope {

std::string EncodeTopic(const tutor::Topic& topic);  // Deterministic protobuf.
Result<tutor::Topic> DecodeTopic(std::string_view data);

}  // namespace lyceum::envelope
