#include "server/http/json.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

const char* const kText = R"({"name":"a","count":3,"big":9223372036854775808,"ratio":0.5,"on":true,"none":null,
  "tags":["x","y"],"mixed":["x",1],"meta":{"title":"t","n":1},"files":[{"url":"u"},{"url":7}]})";

Json parsed() { return Json::parse_object(kText).value(); }

template <class T>
std::string field_of(const rt::Result<T>& result) {
  return result ? "" : result.error().field;
}

TEST(Json, reads_what_is_there_and_nothing_where_it_is_not) {
  const Json json = parsed();
  EXPECT_EQ(json.text("name").value(), "a");
  EXPECT_EQ(json.integer("count").value(), 3);
  EXPECT_EQ(json.number("ratio").value(), 0.5);
  EXPECT_EQ(json.boolean("on").value(), true);
  EXPECT_EQ(json.texts("tags").value(), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(json.text("absent").value(), std::nullopt);
  EXPECT_EQ(json.text("none").value(), std::nullopt);
  EXPECT_TRUE(json.has("none"));
  EXPECT_FALSE(json.has("absent"));
}

TEST(Json, names_the_field_of_a_wrong_type) {
  const Json json = parsed();
  EXPECT_EQ(field_of(json.text("count")), "count");
  EXPECT_EQ(json.text("count").error().message, "count must be a string");
  EXPECT_EQ(field_of(json.integer("name")), "name");
  EXPECT_EQ(field_of(json.integer("ratio")), "ratio");
  EXPECT_EQ(field_of(json.integer("big")), "big");
  EXPECT_EQ(field_of(json.integer("count", 4, 9)), "count");
  EXPECT_EQ(field_of(json.boolean("count")), "count");
  EXPECT_EQ(field_of(json.texts("mixed")), "mixed");
  EXPECT_EQ(field_of(json.object("tags")), "tags");
  EXPECT_EQ(field_of(json.required_text("absent")), "absent");
  EXPECT_EQ(json.required_text("absent").error().message, "absent is required");
}

TEST(Json, names_nested_fields_with_their_path) {
  const auto meta = parsed().object("meta").value().value();
  EXPECT_EQ(field_of(meta.text("n")), "meta.n");
  const auto files = parsed().objects("files").value().value();
  EXPECT_EQ(files[0].text("url").value(), "u");
  EXPECT_EQ(field_of(files[1].text("url")), "files[1].url");
  EXPECT_EQ(field_of(parsed().objects("tags")), "tags[0]");
}

TEST(Json, a_part_outlives_its_whole) {
  std::optional<Json> part;
  {
    const Json whole = parsed();
    part = whole.object("meta").value();
  }
  EXPECT_EQ(part->dump(), R"({"n":1,"title":"t"})");
  EXPECT_EQ(part->members()[1].second.as_text(), "t");
}

TEST(Json, refuses_what_is_no_json) {
  for (const char* bad : {"", "{", "{}x", "{'a':1}", "[1,]", "nul", "\"\xff\"", "{\"a\":1e999}"}) {
    const auto json = Json::parse(bad);
    if (json) continue;
    EXPECT_EQ(json.error().code, rt::Code::kInvalid) << bad;
  }
  EXPECT_FALSE(Json::parse("{"));
  EXPECT_FALSE(Json::parse("\"\xff\""));
  EXPECT_FALSE(Json::parse_object("[]"));
}

TEST(Json, holds_its_limits) {
  EXPECT_EQ(Json::parse(std::string(100, ' '), 99).error().code, rt::Code::kTooLarge);
  EXPECT_TRUE(Json::parse(std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']')));
  EXPECT_FALSE(Json::parse(std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']')));
  EXPECT_TRUE(Json::parse("\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\""));
}

TEST(JsonWriter, writes_nested_values) {
  JsonWriter json;
  json.begin_object().member("a", 1).member("b", "x").key("c").begin_array().value(true).value(nullptr).end_array();
  json.member("d", std::optional<std::string>()).member_if("e", std::optional<int>()).member("f", 0.25);
  json.key("g").begin_object().end_object().member("h", std::vector<std::string>{"p", "q"}).key("i").raw("[1]");
  EXPECT_EQ(json.end_object().take(),
            R"({"a":1,"b":"x","c":[true,null],"d":null,"f":0.25,"g":{},"h":["p","q"],"i":[1]})");
}

TEST(JsonWriter, escapes_and_repairs) {
  static constexpr char kBroken[] = "q\"\\\n\x01\0\xc3\xa4\xff\xc0\x80\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82";
  JsonWriter json;
  json.value(std::string_view(kBroken, sizeof(kBroken) - 1));
  const auto back = Json::parse(json.text());
  ASSERT_TRUE(back);
  EXPECT_EQ(json.text().substr(0, 23), R"("q\"\\\n\u0001\u0000)"
                                       "\xc3\xa4\xef");
  EXPECT_TRUE(json.text().contains("\xf0\x9f\x98\x80"));
}

}  // namespace
}  // namespace millrace::http
