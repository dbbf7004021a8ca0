// AG-UI, version 1.0 (and clients before it): what a run asks for. Its route: ag_ui_routes.cc
//
//   POST /v1/ag-ui   RunAgentInput {threadId, runId, messages, ...}; the answer is a stream of events, see ag_ui_events.h
//
// The client sends its whole transcript; the event is its last message, where that is of the user, by its id (with
// forwardedProps.lyceum: that event under this id). Ids of ours begin with "lyceum-". So
//   nothing of ours after the last message of the user    it is stored, and answered; again: answered as before
//   something of ours after it                            a resume: no record; the answer anew, from its beginning
//   no message of the user, or one of our snapshot        a rejoin: no record; snapshots, and what still runs
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::gateway {

inline constexpr std::string_view kAgUiIdPrefix = "lyceum-";

struct RunInput {
  std::string thread_id;
  std::string run_id;
  bool says_version = false;  // Else it is a client before 1.0.
  bool has_messages = false;
  // Its messages as JSON with commas between, without ours after the last one of the user. Empty optional: more than
  // kTranscriptBytesMax, so it cannot be sent back.
  std::optional<std::string> transcript = {};
  std::string event_json = {};        // To store. Empty: nothing,
  std::string resumes_event_id = {};  // and of a resume: whose answer. Both empty: a rejoin.
};

// kReject: a sentence, and in `status` what goes with it.
Result<RunInput> ReadRunInput(std::string_view body, int* status);

}  // namespace lyceum::gateway
