// Bytes <-> meaning. Protobuf stops in this library: no other one includes a generated header.
// There is a header for each purpose; this one is all of them that have to do with the wire.
#pragma once

#include "envelope/dead_letters.h"
#include "envelope/drafts.h"
#include "envelope/encoding.h"
#include "envelope/events.h"
#include "envelope/functions.h"
#include "envelope/messages.h"
#include "envelope/partition_commands.h"
#include "envelope/subjects.h"
#include "envelope/to_json.h"
#include "envelope/tool_requests.h"
#include "envelope/topics.h"
#include "envelope/views.h"
#include "envelope/workers.h"
#include "tutor/advance.h"
