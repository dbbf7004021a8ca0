#include "cli/prompt.h"

#include <langinfo.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

constexpr int kLookMs = 100;  // How often the size of the terminal is looked at.
constexpr size_t kPromptColumns = 2;
constexpr size_t kTabColumns = 8;
constexpr const char* kPasteOn = "\x1b[?2004h";
constexpr const char* kPasteOff = "\x1b[?2004l";
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";

wchar_t* PromptText(EditLine*) {
  static wchar_t text[] = L"> ";
  return text;
}

void UseUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string Narrow(std::wstring_view wide) {
  std::string narrow;
  for (wchar_t c : wide) {
    const auto point = static_cast<uint32_t>(c);
    if (point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF)) {
      utf8::append(point, std::back_inserter(narrow));
    }
  }
  return narrow;
}

size_t CountOf(const std::string& text, char c) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), c));
}

}  // namespace

bool Prompt::Possible() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
         *terminal != '\0' && std::strcmp(terminal, "dumb") != 0;
}

Prompt::Prompt(std::shared_ptr<wire::MessageBox> box, int line_tag, int end_tag,
               std::string history_file)
    : box_(std::move(box)),
      line_tag_(line_tag),
      end_tag_(end_tag),
      history_file_(std::move(history_file)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(wake_ >= 0);
  Start();
  thread_ = std::thread([this] { Run(); });
}

Prompt::~Prompt() {
  stop_ = true;
  Wake();
  thread_.join();
  close(wake_);
}

void Prompt::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));  // Full: it is awake.
}

void Prompt::Print(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    pending_ += text;
    dirty_ = true;
  }
  Wake();
}

void Prompt::Live(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (live_ == text) return;
    live_ = text;
    dirty_ = true;
  }
  Wake();
}

Prompt& Prompt::Of(EditLine* editor) {
  void* self = nullptr;
  el_wget(editor, EL_CLIENTDATA, &self);
  return *static_cast<Prompt*>(self);
}

void Prompt::Start() {
  UseUtf8();
  history_.reset(history_init());
  editor_.reset(el_init("lyceum", stdin, stdout, stderr));
  CHECK(history_ && editor_);
  EditLine* editor = editor_.get();
  HistEvent event;
  history(history_.get(), &event, H_SETSIZE, kHistoryMax);
  history(history_.get(), &event, H_SETUNIQUE, 1);
  if (!history_file_.empty()) history(history_.get(), &event, H_LOAD, history_file_.c_str());
  el_wset(editor, EL_CLIENTDATA, this);
  el_wset(editor, EL_PROMPT, PromptText);
  el_wset(editor, EL_EDITOR, L"emacs");
  el_wset(editor, EL_GETCFN, &Prompt::GetCharacter);
  el_set(editor, EL_HIST, history, history_.get());
  el_wset(editor, EL_ADDFN, L"lyceum-paste", L"Insert what is pasted", &Prompt::OnPaste);
  el_wset(editor, EL_ADDFN, L"lyceum-newline", L"Begin a new line", &Prompt::OnNewLine);
  el_wset(editor, EL_ADDFN, L"lyceum-interrupt", L"Clear the line, or end", &Prompt::OnInterrupt);
  el_wset(editor, EL_ADDFN, L"lyceum-suspend", L"Back to the shell", &Prompt::OnSuspend);
  el_wset(editor, EL_BIND, L"\\e[200~", L"lyceum-paste", nullptr);
  el_wset(editor, EL_BIND, L"\\e^J", L"lyceum-newline", nullptr);
  el_wset(editor, EL_BIND, L"\\e^M", L"lyceum-newline", nullptr);
  el_wset(editor, EL_BIND, L"^C", L"lyceum-interrupt", nullptr);
  el_wset(editor, EL_BIND, L"^Z", L"lyceum-suspend", nullptr);
  el_wset(editor, EL_BIND, L"^R", L"em-inc-search-prev", nullptr);
  el_wset(editor, EL_BIND, L"\\e[H", L"ed-move-to-beg", nullptr);
  el_wset(editor, EL_BIND, L"\\e[F", L"ed-move-to-end", nullptr);
  el_wset(editor, EL_BIND, L"\\e[3~", L"ed-delete-next-char", nullptr);
  // Its keys come as characters, so that the terminal is given back as it was.
  el_wset(editor, EL_SETTY, L"-d", L"-isig", nullptr);
  Resized();
}

int Prompt::GetCharacter(EditLine* editor, wchar_t* out) { return Of(editor).ReadCharacter(out); }

unsigned char Prompt::OnPaste(EditLine* editor, int) {
  std::wstring pasted;
  for (wchar_t c = 0; el_wgetc(editor, &c) == 1;) {
    if (pasted.size() < kLineBytesMax) {
      pasted += c;
    } else {  // Only its end is still wanted.
      pasted.erase(pasted.size() - kPasteEnd.size(), 1);
      pasted += c;
    }
    if (pasted.ends_with(kPasteEnd)) {
      pasted.resize(pasted.size() - kPasteEnd.size());
      break;
    }
  }
  std::wstring text;
  for (size_t i = 0; i < pasted.size(); ++i) {
    const wchar_t c = pasted[i];
    if (c == L'\r') {
      if (i + 1 == pasted.size() || pasted[i + 1] != L'\n') text += L'\n';
    } else if (c == L'\n' || c == L'\t' || (c >= 0x20 && c != 0x7F)) {
      text += c;
    }
  }
  while (!text.empty() && text.back() == L'\n') text.pop_back();
  return el_winsertstr(editor, text.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char Prompt::OnNewLine(EditLine* editor, int) {
  return el_winsertstr(editor, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char Prompt::OnInterrupt(EditLine* editor, int) {
  const LineInfoW* line = el_wline(editor);
  if (line->lastchar == line->buffer) return CC_EOF;
  Of(editor).interrupted_ = true;
  return CC_NEWLINE;
}

unsigned char Prompt::OnSuspend(EditLine* editor, int) {
  el_wset(editor, EL_PREP_TERM, 0);
  std::raise(SIGTSTP);
  el_wset(editor, EL_PREP_TERM, 1);
  return CC_REDISPLAY;
}

bool Prompt::Resized() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return false;
  }
  if (size.ws_col == columns_ && size.ws_row == rows_) return false;
  columns_ = size.ws_col;
  rows_ = size.ws_row;
  el_resize(editor_.get());
  return true;
}

int Prompt::ReadCharacter(wchar_t* out) {
  std::string bytes;
  while (!stop_) {
    pollfd polled[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_, POLLIN, 0}};
    const int ready = poll(polled, 2, kLookMs);
    if (ready < 0 && errno != EINTR) return 0;
    bool redraw = Resized();
    if (ready > 0 && polled[1].revents != 0) {
      uint64_t count = 0;
      (void)!read(wake_, &count, sizeof(count));
    }
    {
      const std::lock_guard lock(mutex_);
      redraw = redraw || dirty_;
    }
    if (redraw && bytes.empty()) Redraw();
    if (ready <= 0 || polled[0].revents == 0) continue;
    char byte = 0;
    const ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    bytes += byte;
    if (utf8::is_valid(bytes.begin(), bytes.end())) {
      *out = static_cast<wchar_t>(utf8::peek_next(bytes.begin(), bytes.end()));
      return 1;
    }
    const auto first = static_cast<unsigned char>(bytes[0]);
    const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    if (bytes.size() >= size) bytes.clear();  // Not UTF-8.
  }
  return 0;
}

size_t Prompt::RowOf(const wchar_t* begin, const wchar_t* end) const {
  size_t row = 0;
  size_t column = kPromptColumns;
  for (const wchar_t* at = begin; at < end; ++at) {
    size_t width = 0;
    if (*at == L'\n') {
      ++row;
      column = 0;
      continue;
    }
    if (*at == L'\t') {
      width = kTabColumns - column % kTabColumns;
    } else {
      const int known = wcwidth(*at);
      width = known >= 0 ? static_cast<size_t>(known) : *at < 0x20 ? 2 : 8;  // As \U+xxxx.
    }
    if (column + width > columns_) {
      ++row;
      column = 0;
    }
    column += width;
    if (column >= columns_) {
      ++row;
      column = 0;
    }
  }
  return row;
}

// From the row of the cursor, which is this many below the first one that goes.
void Prompt::EraseAbove(size_t rows) const {
  const size_t up = std::min(rows, rows_ - 1);
  if (up > 0) std::fprintf(stdout, "\x1b[%zuA", up);
  std::fputs("\r\x1b[J", stdout);
}

// Where the cursor is at the beginning of an empty row.
void Prompt::WritePending(const std::string& live) {
  std::string pending;
  {
    const std::lock_guard lock(mutex_);
    pending.swap(pending_);
  }
  if (!pending.empty() && pending.back() != '\n') pending += '\n';
  std::fputs(pending.c_str(), stdout);
  shown_live_ = live;
  std::fputs(live.c_str(), stdout);
}

void Prompt::Redraw() {
  const LineInfoW* line = el_wline(editor_.get());
  size_t live_rows = CountOf(shown_live_, '\n');
  // Narrower than before: the terminal has broken the live rows.
  for (size_t begin = 0; begin < shown_live_.size();) {
    const size_t end = std::min(shown_live_.find('\n', begin), shown_live_.size());
    const size_t width = ColumnsOf(shown_live_.substr(begin, end - begin));
    if (width > columns_) live_rows += (width - 1) / columns_;
    begin = end + 1;
  }
  EraseAbove(std::min(RowOf(line->buffer, line->cursor), rows_ - 1) + live_rows);
  std::string live;
  {
    const std::lock_guard lock(mutex_);
    live = live_;
    dirty_ = false;
  }
  if (!live.empty()) {
    live = Wrap(live, columns_ - 1, true) + "\n";
    // Its end, as far as there is room above the line.
    const size_t input = std::min(RowOf(line->buffer, line->lastchar) + 1, rows_);
    const size_t room = rows_ > input + 1 ? rows_ - input - 1 : 0;
    size_t rows = CountOf(live, '\n');
    while (rows > room) {
      live.erase(0, live.find('\n') + 1);
      --rows;
    }
  }
  WritePending(live);
  el_wset(editor_.get(), EL_REFRESH);
  std::fflush(stdout);
}

bool Prompt::ReadLine(std::string* line) {
  line->clear();
  while (true) {
    int count = 0;
    interrupted_ = false;
    {
      const std::lock_guard lock(mutex_);
      dirty_ = true;  // What is live is shown above the new prompt.
    }
    std::fputs(kPasteOn, stdout);
    const wchar_t* got = el_wgets(editor_.get(), &count);
    std::fputs(kPasteOff, stdout);
    std::wstring wide(got == nullptr || count <= 0 ? L"" : got,
                      got == nullptr || count <= 0 ? 0 : static_cast<size_t>(count));
    const bool over = got == nullptr || count <= 0;
    if (!shown_live_.empty()) {  // What was live does not stay above what was typed.
      if (!wide.empty() && wide.back() == L'\n') wide.pop_back();
      EraseAbove(CountOf(shown_live_, '\n') + (over ? 0 : 1) +
                 RowOf(wide.data(), wide.data() + wide.size()));
      shown_live_.clear();
      std::fprintf(stdout, "> %s\n", Narrow(wide).c_str());
    } else if (over) {
      std::fputs("\n", stdout);
    }
    std::fflush(stdout);
    if (over) return false;
    if (interrupted_) {
      line->clear();
      continue;
    }
    if (!wide.empty() && wide.back() == L'\n') wide.pop_back();
    const bool goes_on = wide.ends_with(L"\\") && !wide.ends_with(L"\\\\");
    if (goes_on) wide.pop_back();
    *line += Narrow(wide);
    if (!goes_on) return true;
    *line += '\n';
  }
}

void Prompt::Remember(const std::string& line) {
  if (line.empty() || line.size() > kLineBytesMax) return;
  HistEvent event;
  history(history_.get(), &event, H_ENTER, line.c_str());
  if (history_file_.empty()) return;
  const mode_t before = umask(0077);
  history(history_.get(), &event, H_SAVE, history_file_.c_str());
  umask(before);
}

void Prompt::Run() {
  std::string line;
  while (!stop_ && ReadLine(&line)) {
    Remember(line);
    if (line.size() > kLineBytesMax) {
      Print("that is too long: 64 KiB at most\n");
      continue;
    }
    wire::Message message;
    message.tag = line_tag_;
    message.data = line;
    while (!stop_ && !box_->closed() &&
           !box_->Push(message, In(std::chrono::milliseconds(kLookMs)))) {
    }
  }
  // Whoever ends this object may still have something to say; it is printed then.
  if (!stop_) {
    wire::Message end;
    end.tag = end_tag_;
    (void)box_->Push(end, In(std::chrono::seconds(5)));
    pollfd polled{wake_, POLLIN, 0};
    while (!stop_) {
      (void)poll(&polled, 1, kLookMs);
    }
  }
  WritePending("");
  std::fflush(stdout);
  editor_.reset();
}

}  // namespace lyceum::cli
