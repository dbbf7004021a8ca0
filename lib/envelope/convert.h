// The contract's messages <-> the values of lib/tutor. Private to this library.
//
// Write fills an empty message; Read takes one apart and tells the Reader what it refuses. What is
// written on the hot path has no message in between: content_out.h, tool_args_out.h.
#pragma once

#include "envelope/events.h"
#include "envelope/limits.h"
#include "envelope/messages.h"
#include "envelope/reader.h"
#include "lyceum/v1/lyceum.pb.h"
#include "tutor/effect.h"

namespace lyceum::envelope {

// convert_content.cc
void Write(const tutor::Context& context, v1::Context* out);
tutor::Context Read(const v1::Context& in, Reader& reader);
void Write(const tutor::Question& question, v1::Question* out);
tutor::Question Read(const v1::Question& in, Reader& reader);
void Write(const tutor::QuestionView& question, v1::QuestionView* out);
tutor::QuestionView Read(const v1::QuestionView& in, Reader& reader);
void Write(const tutor::Topic& topic, v1::Topic* out);
tutor::Topic Read(const v1::Topic& in, Reader& reader);
void Write(const tutor::Attempt& attempt, v1::Attempt* out);
tutor::Attempt Read(const v1::Attempt& in, Reader& reader);
void Write(const tutor::HistoryEntry& entry, v1::HistoryEntry* out);
tutor::HistoryEntry Read(const v1::HistoryEntry& in, Reader& reader);

// event_codec.cc
void Write(const tutor::Event& event, v1::Event* out);
// Moves long texts out of the message; the other one copies the message first.
DecodedEvent Read(v1::Event& in, Encoding encoding, Reader& reader);
DecodedEvent Read(const v1::Event& in, Encoding encoding, Reader& reader);

// tool_result_codec.cc
void Write(const tutor::ToolReply& reply, v1::ToolResult* out);
tutor::ToolReply Read(v1::ToolResult& in, Reader& reader);  // Moves long texts out of it.

// tool_args_codec.cc
tutor::ToolArgs Read(const v1::ToolRequest::Args& in, Reader& reader);

// draft_codec.cc
void Write(const UserId& user, const tutor::ShowDraft& show, v1::Draft* out);

// client_message_codec.cc
ReceivedMessage Read(const v1::ClientMessage& in, Reader& reader);

}  // namespace lyceum::envelope
