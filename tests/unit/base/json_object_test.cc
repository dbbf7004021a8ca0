#include "base/json_object.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "support/seed.h"

namespace lyceum {
namespace {

using Json = nlohmann::json;

std::string Dumped(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

TEST(JsonObject, IsWrittenInOrder) {
  EXPECT_EQ(JsonObject().End(), "{}");
  JsonObject object;
  object.Add("b", "text").Add("a", 7).Add("c", -7L).Add("d", true).Add("e", 0.5);
  object.AddJson("f", "[1,2]").Add("g", std::string("s")).Add("h", false);
  EXPECT_EQ(object.End(),
            R"({"b":"text","a":7,"c":-7,"d":true,"e":0.5,"f":[1,2],"g":"s","h":false})");
}

TEST(JsonObject, WhatIsNoNumberIsNull) {
  JsonObject object;
  object.Add("nan", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(object.End(), R"({"nan":null})");
}

TEST(JsonObject, TextIsWrittenAsTheLibraryWritesIt) {
  for (const std::string text :
       {"", "plain", "\"quoted\" \\ and \b\f\n\r\t", "\x01\x1f\x7f", "größer ∫ 😀", "cut \xc3",
        "\xff\xfe", "\xc0\x80 overlong", "\xed\xa0\x80 surrogate", "ends with \\"}) {
    EXPECT_EQ(JsonObject().Add("t", text).End(), "{\"t\":" + Dumped(text) + "}");
  }
  EXPECT_EQ(JsonObject().Add("t", std::string(1, '\0')).End(), R"({"t":"\u0000"})");
}

TEST(JsonObject, AnyBytesAreWrittenAsTheLibraryWritesThem) {
  std::mt19937_64 random(test::Seed());
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 24, ' ');
    const bool ascii = random() % 2 == 0;
    for (char& c : text) c = static_cast<char>(random() % (ascii ? 128 : 256));
    ASSERT_EQ(JsonObject().Add("t", text).End(), "{\"t\":" + Dumped(text) + "}");
  }
}

}  // namespace
}  // namespace lyceum
