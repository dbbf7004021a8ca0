// A store in a folder of its own, and the vocabulary of its tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "store/store.h"

namespace lyceum::store {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lyceum-store-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path() const { return path_.string(); }
  std::string db() const { return (path_ / "db").string(); }

 private:
  std::filesystem::path path_;
};

class StoreTest : public ::testing::Test {
 protected:
  static Store::Options OptionsOf(const Folder& folder) {
    Store::Options options;
    options.path = folder.db();
    options.block_cache_bytes = 4 << 20;
    options.write_buffer_bytes = 4 << 20;
    return options;
  }
  void Open() {
    auto opened = Store::Open(OptionsOf(folder_));
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = *std::move(opened);
  }
  void Reopen() {
    store_.reset();
    Open();
  }
  void Apply(Commit commit) {
    auto applied = store_->Apply(std::move(commit));
    ASSERT_TRUE(applied) << applied.error().text;
  }
  void PutTimer(int64_t due_ms, uint64_t sequence, PartitionId partition = 1) {
    Commit commit(partition);
    commit.PutTimer(due_ms, {sequence, 0}, "timer");
    Apply(std::move(commit));
  }
  void EraseTimer(int64_t due_ms, uint64_t sequence, PartitionId partition = 1) {
    Commit commit(partition);
    commit.EraseTimer(due_ms, {sequence, 0});
    Apply(std::move(commit));
  }

  Folder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace lyceum::store
