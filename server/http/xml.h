// XML. `Xml` is a parsed document and a reader of one element of it; XmlWriter makes text. The only door to the XML
// library. Documents with a DTD are refused, so there are no entities to expand but the five of the standard; names
// are compared without their namespace prefix, because clients differ in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "server/rt/error.h"

namespace millrace::http {

inline constexpr std::size_t kXmlElementsMax = 100'000;
inline constexpr std::size_t kXmlAttributesMax = 20'000;

class Xml {
 public:
  // The root element, which must have this name. kInvalid for anything that is not one well-formed document in UTF-8,
  // has a DTD or processing instructions of its own, or too many elements or attributes.
  static rt::Result<Xml> parse(const std::string& text, std::string_view root);

  std::string_view name() const noexcept;
  // The text directly inside, as written.
  std::string text() const;
  // Of the first child of that name; nothing when there is none.
  std::optional<std::string> text(std::string_view child) const;
  std::optional<Xml> child(std::string_view name) const;
  std::vector<Xml> children(std::string_view name) const;

 private:
  struct Document;
  Xml(std::shared_ptr<const Document> document, const void* node);

  std::shared_ptr<const Document> document_;
  const void* node_;  // an element of the library inside the document
};

// Writes one document in UTF-8. Control characters become character references, as S3 writes them.
class XmlWriter {
 public:
  // The root element, with its namespace unless that is empty.
  explicit XmlWriter(std::string_view root, std::string_view name_space = {});

  XmlWriter& begin(std::string_view name);
  XmlWriter& end();
  XmlWriter& element(std::string_view name, std::string_view text);
  XmlWriter& element(std::string_view name, const char* text) { return element(name, std::string_view(text)); }
  XmlWriter& element(std::string_view name, const std::string& text) { return element(name, std::string_view(text)); }
  template <class T>
    requires std::is_integral_v<T>
  XmlWriter& element(std::string_view name, T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return element(name, value ? std::string_view("true") : std::string_view("false"));
    } else {
      return element(name, std::string_view(std::to_string(value)));
    }
  }
  // Leaves the element out when there is nothing.
  template <class T>
  XmlWriter& element_if(std::string_view name, const std::optional<T>& maybe) {
    return maybe ? element(name, *maybe) : *this;
  }
  // Text inside the element that is open.
  XmlWriter& text(std::string_view text);
  // Attributes of the element that was just begun.
  XmlWriter& attribute(std::string_view name, std::string_view value);

  // Ends what is open.
  std::string take();

 private:
  void close_tag();
  void escape(std::string_view text);

  std::string text_;
  std::vector<std::string> open_;
  bool in_tag_ = false;  // its '>' is still to come
};

}  // namespace millrace::http
