// The built-in tutor: every tool without a language model. Deterministic; knows only the course.
//
// What it says while a question is open never holds the key: passages that do are passed over.
// generate_question makes none: it answers not_supported.
#pragma once

#include <memory>

#include "tools/course_bucket.h"
#include "tools/toolbox.h"

namespace lyceum::tools {

Toolbox BuiltInTutor(std::shared_ptr<TopicSource> source);

}  // namespace lyceum::tools
