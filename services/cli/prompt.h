// The prompt of a conversation on a terminal: a line is edited (by libedit: history, several lines, wide
// characters) while text of others is printed above it and the half-typed line stays whole.
//
//   printed text            scrolls away, stays
//   live text               as much of its end as fits; replaced by each Live, gone with Live("")
//   > the line that is typed
//
// Enter gives the line; a line that ends in one backslash goes on, Alt-Enter begins a new one within it, and
// what is pasted is one text, also where it has several lines. Ctrl-C clears the line, on an empty one it
// ends the input, as Ctrl-D does. Lines have kLineBytesMax at most; what is longer is cut, and said.
//
// Has one thread, which alone writes to standard output while this object lives. Print and Live may be
// called by any. The history is kept in `history_file` (mode 0600; empty: not kept).
#pragma once

#include <histedit.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "wire/connection.h"

namespace lyceum::cli {

class Prompt {
 public:
  static constexpr size_t kLineBytesMax = 64 * 1024;
  static constexpr int kHistoryMax = 500;

  // Whether the terminal of standard input and output can do this: TERM=dumb cannot.
  static bool Possible();

  // Each line comes as a message with tag line_tag, the end as one with tag end_tag.
  Prompt(std::shared_ptr<wire::MessageBox> box, int line_tag, int end_tag,
         std::string history_file);
  ~Prompt();  // Ends the editing and gives the terminal back as it was.
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  void Print(const std::string& text);
  void Live(const std::string& text);

 private:
  struct EndEditLine {
    void operator()(EditLine* editor) const { el_end(editor); }
  };
  struct EndHistory {
    void operator()(History* history) const { history_end(history); }
  };

  static Prompt& Of(EditLine* editor);
  static int GetCharacter(EditLine* editor, wchar_t* out);
  static unsigned char OnPaste(EditLine* editor, int);
  static unsigned char OnNewLine(EditLine* editor, int);
  static unsigned char OnInterrupt(EditLine* editor, int);
  static unsigned char OnSuspend(EditLine* editor, int);

  void Start();
  void Run();
  bool ReadLine(std::string* line);  // False: the input is over.
  int ReadCharacter(wchar_t* out);   // 1, or 0: over.
  void Wake();
  // Writes what waits to be printed; the line is drawn again below it.
  void Redraw();
  void EraseAbove(size_t rows) const;
  void WritePending(const std::string& live);
  bool Resized();
  // Of the line up to `end`, with the prompt: the row that the cursor is in after it.
  size_t RowOf(const wchar_t* begin, const wchar_t* end) const;
  void Remember(const std::string& line);

  const std::shared_ptr<wire::MessageBox> box_;
  const int line_tag_;
  const int end_tag_;
  const std::string history_file_;
  int wake_ = -1;  // An eventfd.
  std::atomic<bool> stop_{false};

  std::mutex mutex_;
  std::string pending_;  // To print.
  std::string live_;
  bool dirty_ = false;

  // Of the thread alone.
  std::unique_ptr<History, EndHistory> history_;
  std::unique_ptr<EditLine, EndEditLine> editor_;
  size_t columns_ = 80;
  size_t rows_ = 24;
  std::string shown_live_;  // As it stands on the screen.
  bool interrupted_ = false;
  std::thread thread_;
};

}  // namespace lyceum::cli
