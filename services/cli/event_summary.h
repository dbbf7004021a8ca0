// An event in a few words, for an operator: kind and what matters of it. Control characters
// stripped.
#pragma once

#include <string>

#include "tutor/event.h"

namespace lyceum::cli {

std::string Summary(const tutor::Event& event);

}  // namespace lyceum::cli
