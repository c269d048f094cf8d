// JSON. `Json` is a parsed value and a typed reader of it: a getter gives nothing when a member is absent or null and
// an error that names the member when it has another type. `JsonWriter` makes text. The only door to the JSON library;
// its exceptions and types stay behind it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/rt/error.h"

namespace millrace::http {

inline constexpr std::size_t kJsonBytesMax = 1024 * 1024;
inline constexpr int kJsonDepthMax = 32;

class Json {
 public:
  // kTooLarge over `bytes_max`, kInvalid for anything that is not one JSON value or is nested too deep.
  static rt::Result<Json> parse(std::string_view text, std::size_t bytes_max = kJsonBytesMax);
  // The same, and the value must be an object: what every request body here is.
  static rt::Result<Json> parse_object(std::string_view text, std::size_t bytes_max = kJsonBytesMax);

  bool is_object() const noexcept;
  bool is_array() const noexcept;
  bool is_text() const noexcept;
  bool is_null() const noexcept;
  // True when the member is there, even as null.
  bool has(std::string_view name) const noexcept;

  rt::Result<std::optional<std::string>> text(std::string_view name) const;
  rt::Result<std::optional<bool>> boolean(std::string_view name) const;
  rt::Result<std::optional<double>> number(std::string_view name) const;
  rt::Result<std::optional<std::int64_t>> integer(std::string_view name,
                                                  std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                                  std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  rt::Result<std::optional<std::vector<std::string>>> texts(std::string_view name) const;
  rt::Result<std::optional<Json>> object(std::string_view name) const;
  rt::Result<std::optional<std::vector<Json>>> objects(std::string_view name) const;
  rt::Result<std::optional<Json>> value(std::string_view name) const;
  // As text(), but absent, null and empty are errors too.
  rt::Result<std::string> required_text(std::string_view name) const;

  // Members of an object or items of an array (names empty), in the order of the text for arrays, of names for objects.
  std::vector<std::pair<std::string, Json>> members() const;
  // This value itself, when it is a text.
  std::optional<std::string> as_text() const;
  // Compact JSON of this value.
  std::string dump() const;
  // Where this value stands in its document: "files[2].url"; empty for the whole.
  const std::string& where() const noexcept { return where_; }

 private:
  struct Document;
  using Node = void;  // a value of the library inside the document
  Json(std::shared_ptr<const Document> document, const Node* node, std::string where);
  const Node* find(std::string_view name) const;
  Json child(const Node* node, std::string where) const;
  std::string path_of(std::string_view name) const;

  std::shared_ptr<const Document> document_;
  const Node* node_;
  std::string where_;
};

// Writes one JSON value as text. Text that is not UTF-8 is repaired with U+FFFD, so the output is always valid.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  JsonWriter& value(std::nullptr_t);
  template <class T>
    requires std::is_integral_v<T>
  JsonWriter& value(T number) {
    if constexpr (std::is_same_v<T, bool>) {
      return literal(number ? "true" : "false");
    } else {
      return literal(std::to_string(number));
    }
  }
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : value(nullptr);
  }
  JsonWriter& value(const std::vector<std::string>& texts);
  // Text that is JSON already.
  JsonWriter& raw(std::string_view json) { return literal(json); }

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  // Leaves the member out when there is nothing.
  template <class T>
  JsonWriter& member_if(std::string_view name, const std::optional<T>& maybe) {
    return maybe ? member(name, *maybe) : *this;
  }

  const std::string& text() const noexcept { return text_; }
  std::string take() noexcept { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view json);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  bool comma_ = false;  // a value stands before the next one
};

}  // namespace millrace::http
