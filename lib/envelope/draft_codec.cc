#include "envelope/convert.h"
#include "envelope/drafts.h"
#include "envelope/proto_io.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kDraftBytesMax = 1000 * 1024;
constexpr size_t kOutcomeBytesMax = 64;

}  // namespace

void Write(const UserId& user, const tutor::ShowDraft& show, v1::Draft* out) {
  const tutor::Draft& draft = *show.draft;
  out->set_user(user.value);
  out->set_id(draft.call.id.value);
  out->set_course(show.course.value);
  out->set_topic(show.topic.value);
  out->set_tool(std::string(tutor::Name(draft.call.tool)));
  out->set_outcome(show.outcome);
  out->set_in_reply_to(show.in_reply_to.value);
  WriteTime(show.at_ms, out->mutable_at());
  if (!show.outcome.empty()) return;
  out->set_asked(draft.call.text);
  out->set_text(draft.text);
  out->set_authored(draft.authored);
  if (draft.question) Write(*draft.question, out->mutable_question());
  out->set_undecided(std::string(tutor::Name(show.undecided)));
  WriteTime(draft.due_ms, out->mutable_due());
  out->set_provider(draft.provider);
  out->set_model(draft.model);
}

std::string EncodeDraft(const UserId& user, const tutor::ShowDraft& draft) {
  v1::Draft out;
  Write(user, draft, &out);
  std::string bytes = WriteMessage(out, Encoding::kJson);
  if (bytes.size() <= kDraftBytesMax) return bytes;
  out.clear_authored();
  out.clear_question();
  return WriteMessage(out, Encoding::kJson);
}

Result<ReceivedDraft> DecodeDraft(std::string_view data, Encoding encoding) {
  v1::Draft in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  ReceivedDraft draft;
  draft.user = UserId(reader.TokenText("user", in.user()));
  draft.id = CallId(reader.IdText("id", in.id()));
  draft.course = CourseId(reader.IdOrEmpty("course", in.course()));
  draft.topic = reader.IdOrEmpty("topic", in.topic());
  draft.tool = reader.IdOrEmpty("tool", in.tool());
  draft.asked = reader.Text("asked", in.asked(), tutor::kLearnerTextBytesMax);
  draft.text = reader.Text("text", in.text(), tutor::kToolTextBytesMax);
  draft.authored = reader.Text("authored", in.authored(), tutor::kToolTextBytesMax);
  draft.undecided = reader.Text("undecided", in.undecided(), kOutcomeBytesMax);
  draft.outcome = reader.Text("outcome", in.outcome(), kOutcomeBytesMax);
  draft.in_reply_to = EventId(reader.IdOrEmpty("in_reply_to", in.in_reply_to()));
  draft.due_ms = reader.TimeMs("due", in.has_due(), in.due());
  draft.at_ms = reader.TimeMs("at", in.has_at(), in.at());
  draft.json = WriteMessage(in, Encoding::kJson);
  return reader.Finish(std::move(draft));
}

}  // namespace lyceum::envelope
