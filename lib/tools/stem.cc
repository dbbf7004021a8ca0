#include "tools/stem.h"

#include <libstemmer.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace lyceum::tools {
namespace {

// What is longer is no word.
constexpr size_t kWordBytesMax = 64;

struct DeleteStemmer {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

}  // namespace

std::string Stem(std::string_view word) {
  thread_local const std::unique_ptr<sb_stemmer, DeleteStemmer> stemmer(
      sb_stemmer_new("english", "UTF_8"));
  CHECK(stemmer != nullptr);
  const bool letters = std::all_of(
      word.begin(), word.end(), [](char c) { return (c & 0x80) != 0 || (c >= 'a' && c <= 'z'); });
  if (!letters || word.size() > kWordBytesMax) return std::string(word);
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  if (stem == nullptr) return std::string(word);  // There is no memory.
  std::string found(reinterpret_cast<const char*>(stem),
                    static_cast<size_t>(sb_stemmer_length(stemmer.get())));
  // Of "adding" it makes "ad", of "add" it does not.
  if (found.size() == 2 && word.size() > 3 && word[2] == found[1]) found += found[1];
  return found;
}

}  // namespace lyceum::tools
