#include "cli/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace lyceum::cli {
namespace {

constexpr int kLine = 1;
constexpr int kEnd = 2;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    Close();
    close(ends_[0]);
  }
  void Write(const std::string& text) {
    EXPECT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  int out() const { return ends_[0]; }

 private:
  int ends_[2] = {-1, -1};
};

class LineReaderTest : public ::testing::Test {
 protected:
  std::string Take() {
    auto message = box_->Pop(In(std::chrono::seconds(5)));
    if (!message) return "(nothing)";
    return message->tag == kEnd ? "(end)" : message->data;
  }
  Pipe pipe_;
  std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(4);
};

TEST_F(LineReaderTest, GivesOneLineAtATime) {
  pipe_.Write("one\ntwo\n");
  LineReader reader(pipe_.out(), box_, kLine, kEnd);
  EXPECT_EQ(Take(), "one");
  EXPECT_FALSE(box_->Pop(In(std::chrono::milliseconds(300)))) << "before it was asked for";
  reader.Next();
  EXPECT_EQ(Take(), "two");
}

TEST_F(LineReaderTest, ALastLineWithoutItsNewlineCounts) {
  pipe_.Write("one");
  pipe_.Close();
  LineReader reader(pipe_.out(), box_, kLine, kEnd);
  EXPECT_EQ(Take(), "one");
  reader.Next();
  EXPECT_EQ(Take(), "(end)");
}

TEST_F(LineReaderTest, EndsWhileNothingIsToRead) {
  LineReader reader(pipe_.out(), box_, kLine, kEnd);
}

TEST_F(LineReaderTest, EndsWhileNobodyTakesItsLine) {
  pipe_.Write("one\ntwo\nthree\n");
  LineReader reader(pipe_.out(), box_, kLine, kEnd);
  EXPECT_EQ(Take(), "one");
}

}  // namespace
}  // namespace lyceum::cli
