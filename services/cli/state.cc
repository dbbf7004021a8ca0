// lyceum state: the whole of a session, as its owner has it.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLineMax = 120;

// proto3 JSON writes 64-bit numbers as texts.
std::string Text(const Json& value) {
  return PlainLine(value.is_string() ? value.get<std::string>() : value.dump(), kLineMax);
}

std::string Field(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) ? Text(object[name]) : std::string();
}

void Line(const char* name, const std::string& text) {
  if (text.empty()) return;
  std::cout << name << std::string(16 - std::min<size_t>(15, std::string_view(name).size()), ' ')
            << text << "\n";
}

std::string Call(const Json& call) {
  std::string text = Field(call, "tool") + " " + Field(call, "id");
  if (call.contains("origin")) text += ", from " + Field(call, "origin");
  if (call.contains("deadline")) text += ", until " + Field(call, "deadline");
  if (call.contains("code")) text += ", failed: " + Field(call, "code");
  return text;
}

const Json& List(const Json& view, const char* name) {
  static const Json kEmpty = Json::array();
  return view.contains(name) && view[name].is_array() ? view[name] : kEmpty;
}

void PrintQuestion(const Json& view) {
  if (!view.contains("current_question")) return;
  const Json& open = view["current_question"];
  const Json question = open.value("question", Json::object());
  Line("question", Field(question, "id") + " (" + Field(question, "format") + "), " +
                       std::to_string(List(open, "attempts").size()) + " attempts");
  Line("", Field(question, "text"));
}

void Print(const Json& view) {
  Line("user", Field(view, "user"));
  Line("state", Field(view, "state") + ", " + Field(view, "lifecycle"));
  Line("partition", (view.contains("partition") ? Field(view, "partition") : "0") + ", owner " +
                        Field(view, "owner"));
  Line("records", Field(view, "first_seq") + " to " + Field(view, "applied_seq"));
  Line("last at", Field(view, "at"));
  if (view.contains("syllabus")) {
    const Json& syllabus = view["syllabus"];
    Line("course", Field(syllabus, "course") + " " + Field(syllabus, "version").substr(0, 12));
    Line("topic", Field(syllabus, "topic") + ", " + std::to_string(List(syllabus, "done").size()) +
                      " topics done, " + std::to_string(List(syllabus, "queue").size()) +
                      " questions to ask");
  }
  PrintQuestion(view);
  for (const Json& call : List(view, "pending_calls")) Line("waits for", Call(call));
  if (view.contains("failed_call")) Line("failed call", Call(view["failed_call"]));
  for (const Json& timer : List(view, "timers")) {
    Line("timer", Field(timer, "kind") + " at " + Field(timer, "due"));
  }
  for (const Json& client : List(view, "clients")) Line("client", Text(client));
  std::string counters;
  for (const Json& counter : List(view, "counters")) {
    counters += (counters.empty() ? "" : ", ") + Field(counter, "name") + " " +
                (counter.contains("value") ? Field(counter, "value") : "0");
  }
  Line("counters", counters);
  const bool cut = view.contains("cut") && view["cut"] == true;
  Line("history", Field(view, "history_count") +
                      (cut ? ", cut: one answer does not hold all that was asked for" : ""));
  for (const Json& entry : List(view, "history")) {
    std::cout << "  " << Field(entry, "at") << " " << Field(entry, "role") << " "
              << Field(entry, "kind") << ": " << Field(entry, "text") << "\n";
  }
}

}  // namespace

int RunState(const Common& common, const StateOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  auto view = AskView(**connection, common.subjects(), *user,
                      {.history_max = static_cast<uint32_t>(options.history)},
                      In(std::chrono::seconds(options.timeout_s)));
  if (!view) return Fail(view.error());
  if (!view->found) return Fail(kNo, "there is no session of " + user->value);
  const Json json = Json::parse(view->json, nullptr, false);
  if (common.json || !json.is_object()) {
    std::cout << (json.is_discarded() ? Plain(view->json) : json.dump()) << std::endl;
  } else {
    Print(json);
    std::cout.flush();
  }
  return kDone;
}

}  // namespace lyceum::cli
