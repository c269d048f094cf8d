#include "server/http/xml.h"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

bool is_refused(const std::string& text) { return !Xml::parse(text, "R"); }

TEST(Xml, reads_elements_whatever_their_namespace) {
  const auto xml = Xml::parse(
      "<?xml version=\"1.0\"?>\n<s:R xmlns:s=\"http://x/\">\n <!-- c --> <Part><N>1</N></Part>"
      "<s:Part><N>2</N><N>3</N></s:Part><E> a&amp;&lt;&#233;<![CDATA[<b>]]> </E><Empty/></s:R>",
      "R");
  ASSERT_TRUE(xml) << xml.error().message;
  EXPECT_EQ(xml->name(), "R");
  const auto parts = xml->children("Part");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].text("N"), "2");
  EXPECT_EQ(xml->text("E"), " a&<é<b> ");
  EXPECT_EQ(xml->text("Empty"), "");
  EXPECT_EQ(xml->text("None"), std::nullopt);
  EXPECT_EQ(xml->child("Part")->text("N"), "1");
}

TEST(Xml, outlives_the_value_it_came_from) {
  std::optional<Xml> inner;
  inner = Xml::parse("<R><A><B>x</B></A></R>", "R")->child("A");
  EXPECT_EQ(inner->text("B"), "x");
}

TEST(Xml, refuses_what_is_no_single_document) {
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused("text"));
  EXPECT_TRUE(is_refused("<R>"));
  EXPECT_TRUE(is_refused("<R></S>"));
  EXPECT_TRUE(is_refused("<S/>"));
  EXPECT_TRUE(is_refused("<R/><R/>"));
  EXPECT_TRUE(is_refused(std::string("<R>\0</R>", 8)));
}

TEST(Xml, refuses_bombs) {
  EXPECT_TRUE(is_refused("<!DOCTYPE R [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><R>&b;</R>"));
  EXPECT_TRUE(is_refused("<!DOCTYPE R SYSTEM \"file:///etc/passwd\"><R/>"));
  std::string many = "<R>";
  for (std::size_t i = 0; i < 2 * kXmlElementsMax; ++i) many += "<a/>";
  EXPECT_TRUE(is_refused(many + "</R>"));
  std::string deep = "<R>";
  for (int i = 0; i < 90'000; ++i) deep += "<a>";
  for (int i = 0; i < 90'000; ++i) deep += "</a>";
  EXPECT_TRUE(Xml::parse(deep + "</R>", "R").has_value());
}

TEST(Xml, counts_attributes_wherever_they_are_hidden) {
  std::string many;
  for (std::size_t i = 0; i < kXmlAttributesMax; ++i) many += "a='' ";
  EXPECT_FALSE(is_refused("<R " + many + "/>"));
  EXPECT_TRUE(is_refused("<R " + many + "b=\"\"/>"));
  EXPECT_TRUE(is_refused("<R x='>' " + many + "/>"));
  for (const char* before : {"<!-- ' -->", "<![CDATA[ ' ]]>", "<?p ' ?>", "'"}) {
    EXPECT_TRUE(is_refused("<R>" + std::string(before) + "<a " + many + "b=''/></R>")) << before;
  }
  EXPECT_FALSE(is_refused("<R>" + many + many + "</R>")) << "text";
}

TEST(Xml, does_not_expand_entities_of_its_own) { EXPECT_EQ(Xml::parse("<R>&b;&lt;</R>", "R")->text(), "&b;<"); }

TEST(XmlWriter, writes_what_the_reader_reads) {
  XmlWriter xml("R", "http://x/");
  xml.element("Key", "a&b<c>\"d\"\n\x01").begin("In").attribute("t", "q\"").element("N", 7).element("B", true).end();
  xml.element_if("No", std::optional<std::string>());
  const std::string text = xml.take();
  EXPECT_EQ(
      text,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"http://x/\"><Key>a&amp;b&lt;c&gt;&quot;d&quot;&#x0A;"
      "&#x01;</Key><In t=\"q&quot;\"><N>7</N><B>true</B></In></R>");
  EXPECT_EQ(Xml::parse(text, "R")->text("Key"), "a&b<c>\"d\"\n\x01");
}

}  // namespace
}  // namespace millrace::http
