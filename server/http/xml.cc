#include "server/http/xml.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>

namespace millrace::http {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kCdata = "<![CDATA[";
constexpr std::string_view kComment = "<!--";

std::unexpected<rt::Error> malformed(std::string what) {
  return rt::fail(rt::Code::kInvalid, "The XML is not well-formed: " + std::move(what));
}

// '<!' begins comments, CDATA and DTDs; the last are refused unread.
bool has_dtd(std::string_view text) {
  for (std::size_t at = text.find("<!"); at != std::string_view::npos; at = text.find("<!", at + 2)) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with(kCdata) && !rest.starts_with(kComment)) return true;
  }
  return false;
}

// Behind the end of what begins there, if it is no tag; else npos.
std::size_t end_of_no_tag(std::string_view text, std::size_t at) {
  constexpr std::array<std::array<std::string_view, 2>, 3> kBrackets = {
      {{kComment, "-->"}, {kCdata, "]]>"}, {"<?", "?>"}}};
  for (const auto& [opening, closing] : kBrackets) {
    if (!text.substr(at).starts_with(opening)) continue;
    const std::size_t end = text.find(closing, at + opening.size());
    return end == std::string_view::npos ? text.size() : end + closing.size();
  }
  return std::string_view::npos;
}

// What the tree will cost, before it is made: tags, and quoted values inside them, which only attributes have.
rt::Status check_counts(std::string_view text) {
  std::size_t tags = 0;
  std::size_t attributes = 0;
  for (std::size_t at = text.find('<'); at < text.size(); at = text.find('<', at)) {
    if (++tags > 2 * kXmlElementsMax) return malformed("it has too many elements");
    if (const std::size_t end = end_of_no_tag(text, at); end != std::string_view::npos) {
      at = end;
      continue;
    }
    for (at = text.find_first_of(">\"'", at); at < text.size() && text[at] != '>';
         at = text.find_first_of(">\"'", at)) {
      if (++attributes > kXmlAttributesMax) return malformed("it has too many attributes");
      at = text.find(text[at], at + 1);
      if (at == std::string_view::npos) return {};  // not well-formed, as the parser will find
      ++at;
    }
  }
  return {};
}

std::string_view local_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node element_of(const void* node) {
  return pugi::xml_node(static_cast<pugi::xml_node_struct*>(const_cast<void*>(node)));
}

bool is_element_named(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element && local_name(node.name()) == name;
}

}  // namespace

struct Xml::Document {
  pugi::xml_document tree;
};

Xml::Xml(std::shared_ptr<const Document> document, const void* node) : document_(std::move(document)), node_(node) {}

rt::Result<Xml> Xml::parse(const std::string& text, std::string_view root) {
  if (has_dtd(text)) return malformed("a DTD is not allowed");
  if (auto small = check_counts(text); !small) return rt::pass(small);
  if (text.find('\0') != std::string::npos) return malformed("it has a NUL");
  auto document = std::make_shared<Document>();
  constexpr unsigned kOptions = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_ws_pcdata;
  const auto parsed = document->tree.load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8);
  if (!parsed) return malformed(std::string(parsed.description()) + " at byte " + std::to_string(parsed.offset));
  const pugi::xml_node top = document->tree.document_element();
  if (!is_element_named(top, root) || top.next_sibling()) return malformed("it is no single " + std::string(root));
  return Xml(document, top.internal_object());
}

std::string_view Xml::name() const noexcept { return local_name(element_of(node_).name()); }

std::string Xml::text() const {
  std::string text;
  for (const pugi::xml_node& inside : element_of(node_)) {
    if (inside.type() == pugi::node_pcdata || inside.type() == pugi::node_cdata) text += inside.value();
  }
  return text;
}

std::optional<std::string> Xml::text(std::string_view name) const {
  const auto found = child(name);
  if (!found) return std::nullopt;
  return found->text();
}

std::optional<Xml> Xml::child(std::string_view name) const {
  for (const pugi::xml_node& inside : element_of(node_)) {
    if (is_element_named(inside, name)) return Xml(document_, inside.internal_object());
  }
  return std::nullopt;
}

std::vector<Xml> Xml::children(std::string_view name) const {
  std::vector<Xml> all;
  for (const pugi::xml_node& inside : element_of(node_)) {
    if (is_element_named(inside, name)) all.push_back(Xml(document_, inside.internal_object()));
  }
  return all;
}

XmlWriter::XmlWriter(std::string_view root, std::string_view name_space) : text_(kDeclaration) {
  begin(root);
  if (!name_space.empty()) attribute("xmlns", name_space);
}

XmlWriter& XmlWriter::begin(std::string_view name) {
  close_tag();
  text_.append("<").append(name);
  open_.emplace_back(name);
  in_tag_ = true;
  return *this;
}

XmlWriter& XmlWriter::end() {
  close_tag();
  text_.append("</").append(open_.back()).append(">");
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) { return begin(name).text(text).end(); }

XmlWriter& XmlWriter::text(std::string_view text) {
  close_tag();
  escape(text);
  return *this;
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
  text_.append(" ").append(name).append("=\"");
  escape(value);
  text_ += '"';
  return *this;
}

std::string XmlWriter::take() {
  while (!open_.empty()) end();
  return std::move(text_);
}

void XmlWriter::close_tag() {
  if (std::exchange(in_tag_, false)) text_ += '>';
}

void XmlWriter::escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      text_ += "&amp;";
    } else if (c == '<') {
      text_ += "&lt;";
    } else if (c == '>') {
      text_ += "&gt;";
    } else if (c == '"') {
      text_ += "&quot;";
    } else if (byte < 0x20 || byte == 0x7f) {
      text_.append("&#x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]).append(";");
    } else {
      text_ += c;
    }
  }
}

}  // namespace millrace::http
