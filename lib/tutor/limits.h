// Every bound and default of the state machine. A replay needs the same values, so they are
// constants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lyceum::tutor {

inline constexpr uint32_t kAttemptsMax = 3;
inline constexpr uint32_t kHintsMax = 8;
inline constexpr uint32_t kGradersMax = 2;          // Tries at a grade before the answer is shown.
inline constexpr size_t kInboxMax = 8;              // Deferred learner events.
inline constexpr size_t kClientsMax = 8;            // Attached; the one silent longest goes first.
inline constexpr uint32_t kMessagesKept = 256;      // For attach{after_n}.
inline constexpr size_t kSeenMax = 128;             // Event ids remembered, see seen.h.
inline constexpr size_t kRecentMax = 8;             // History entries in the hot state.
inline constexpr size_t kRecentTextBytesMax = 512;  // Each of them is cut to this.
inline constexpr size_t kLearnerTextBytesMax = 16 * 1024;
inline constexpr size_t kToolTextBytesMax = 64 * 1024;
inline constexpr size_t kEventIdBytesMax = 128;
inline constexpr size_t kTopicsDoneMax = 1024;
inline constexpr size_t kErrorsCountedMax = 64;  // Registered errors counted in a topic.
inline constexpr uint32_t kGateWindowMax = 64;
inline constexpr uint32_t kGeneratedMax = 16;  // generate_question calls in a topic.

// Of a call, from its dispatch; and of all calls of a lock together. The owner of the partition
// counts them.
inline constexpr int64_t kGradingDurationMs = 5'000;
inline constexpr int64_t kToolDurationMs = 30'000;
inline constexpr int64_t kLockMsMax = 90'000;
// How long a draft waits for a teacher, and how often it is shown again meanwhile.
inline constexpr int64_t kDecideMsDefault = 5 * 60 * 1000;
inline constexpr int64_t kDecideMsMin = 5 * 1000;
inline constexpr int64_t kDecideMsMax = 60 * 60 * 1000;
inline constexpr int64_t kShowAgainMs = 10 * 1000;
inline constexpr int64_t kIdleMs = 15 * 60 * 1000;
inline constexpr int64_t kTtlMs = int64_t{30} * 24 * 60 * 60 * 1000;
inline constexpr uint32_t kNudgesMax = 1;

inline constexpr double kKnownErrorConfidenceMin = 0.7;
inline constexpr double kGradeConfidenceMin = 0.6;
inline constexpr double kIntentConfidenceMin = 0.6;

}  // namespace lyceum::tutor
