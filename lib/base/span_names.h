// The names of spans' attributes, and where they come from: OpenTelemetry's semantic conventions at
// kSchemaUrl, and our own, which begin with `lyceum.`. Nothing else spells one.
#pragma once

#include <string_view>

namespace lyceum::span_names {

inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.41.0";

// Of the program that makes spans.
inline constexpr std::string_view kServiceName = "service.name";
inline constexpr std::string_view kServiceVersion = "service.version";
inline constexpr std::string_view kServiceInstance = "service.instance.id";

inline constexpr std::string_view kErrorType = "error.type";

// Generative AI.
inline constexpr std::string_view kOperation = "gen_ai.operation.name";
inline constexpr std::string_view kExecuteTool = "execute_tool";  // Of kOperation.
inline constexpr std::string_view kChat = "chat";                 // Of kOperation.
inline constexpr std::string_view kToolName = "gen_ai.tool.name";
inline constexpr std::string_view kToolCall = "gen_ai.tool.call.id";
inline constexpr std::string_view kProvider = "gen_ai.provider.name";
inline constexpr std::string_view kRequestModel = "gen_ai.request.model";
inline constexpr std::string_view kResponseModel = "gen_ai.response.model";
inline constexpr std::string_view kInputTokens = "gen_ai.usage.input_tokens";
inline constexpr std::string_view kOutputTokens = "gen_ai.usage.output_tokens";

// Ours.
inline constexpr std::string_view kEventKind = "lyceum.event.kind";
inline constexpr std::string_view kPartition = "lyceum.partition";
inline constexpr std::string_view kSequence = "lyceum.sequence";
inline constexpr std::string_view kStateBefore = "lyceum.state.before";
inline constexpr std::string_view kStateAfter = "lyceum.state.after";
inline constexpr std::string_view kMessages = "lyceum.messages";
inline constexpr std::string_view kAttempt = "lyceum.attempt";
inline constexpr std::string_view kDegraded = "lyceum.degraded";
inline constexpr std::string_view kProviderEntry = "lyceum.provider";
inline constexpr std::string_view kReason = "lyceum.reason";

}  // namespace lyceum::span_names
