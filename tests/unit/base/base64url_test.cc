#include "base/base64url.h"

#include <gtest/gtest.h>

#include <string>

namespace lyceum {
namespace {

TEST(Base64Url, KnownValues) {
  // RFC 4648, section 10, without padding.
  const std::pair<std::string, std::string> known[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(EncodeBase64Url(bytes), text);
    EXPECT_EQ(DecodeBase64Url(text), bytes);
  }
}

TEST(Base64Url, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(DecodeBase64Url(EncodeBase64Url(bytes)), bytes);
  }
}

TEST(Base64Url, EachTextHasOneEncoding) {
  for (const std::string wrong :
       {"Zg==", "Z", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm v", "Zg\n"}) {
    EXPECT_FALSE(DecodeBase64Url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lyceum
