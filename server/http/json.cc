#include "server/http/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "server/http/utf8.h"

namespace millrace::http {
namespace {

using Value = nlohmann::json;

// The nesting depth, counted before parsing: the library has no limit of its own.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::unexpected<rt::Error> wrong(std::string where, std::string_view expected) {
  std::string message = fmt::format("{} must be {}", where.empty() ? "the body" : where, expected);
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(where));
}

}  // namespace

struct Json::Document {
  Value root;
};

namespace {

const Value& value_of(const void* node) { return *static_cast<const Value*>(node); }

}  // namespace

Json::Json(std::shared_ptr<const Document> document, const Node* node, std::string where)
    : document_(std::move(document)), node_(node), where_(std::move(where)) {}

rt::Result<Json> Json::parse(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return rt::fail(rt::Code::kTooLarge, fmt::format("the JSON is larger than {} bytes", bytes_max));
  }
  if (too_deep(text)) return rt::fail(rt::Code::kInvalid, "the JSON is nested too deep");
  Value root = Value::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return rt::fail(rt::Code::kInvalid, "the body is not valid JSON");
  auto document = std::make_shared<const Document>(Document{std::move(root)});
  const Node* node = &document->root;
  return Json(std::move(document), node, "");
}

rt::Result<Json> Json::parse_object(std::string_view text, std::size_t bytes_max) {
  auto json = parse(text, bytes_max);
  if (json && !json->is_object()) return wrong("", "a JSON object");
  return json;
}

bool Json::is_object() const noexcept { return value_of(node_).is_object(); }
bool Json::is_array() const noexcept { return value_of(node_).is_array(); }
bool Json::is_text() const noexcept { return value_of(node_).is_string(); }
bool Json::is_null() const noexcept { return value_of(node_).is_null(); }

bool Json::has(std::string_view name) const noexcept {
  const Value& self = value_of(node_);
  return self.is_object() && self.find(name) != self.end();
}

const Json::Node* Json::find(std::string_view name) const {
  const Value& self = value_of(node_);
  if (!self.is_object()) return nullptr;
  const auto found = self.find(name);
  if (found == self.end() || found->is_null()) return nullptr;
  return &*found;
}

Json Json::child(const Node* node, std::string where) const { return Json(document_, node, std::move(where)); }

std::string Json::path_of(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

rt::Result<std::optional<std::string>> Json::text(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  const auto* text = value_of(node).get_ptr<const std::string*>();
  if (!text) return wrong(path_of(name), "a string");
  return *text;
}

rt::Result<std::string> Json::required_text(std::string_view name) const {
  auto found = text(name);
  if (!found) return rt::pass(found);
  if (!*found || (*found)->empty()) {
    return rt::fail(rt::Code::kInvalid, path_of(name) + " is required", path_of(name));
  }
  return std::move(**found);
}

rt::Result<std::optional<bool>> Json::boolean(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  if (!value_of(node).is_boolean()) return wrong(path_of(name), "true or false");
  return value_of(node).get<bool>();
}

rt::Result<std::optional<double>> Json::number(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  if (!value_of(node).is_number()) return wrong(path_of(name), "a number");
  return value_of(node).get<double>();
}

rt::Result<std::optional<std::int64_t>> Json::integer(std::string_view name, std::int64_t min, std::int64_t max) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  const Value& found = value_of(node);
  if (!found.is_number_integer()) return wrong(path_of(name), "an integer");
  const bool too_big =
      found.is_number_unsigned() &&
      found.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t number = too_big ? 0 : found.get<std::int64_t>();
  if (too_big || number < min || number > max) {
    return wrong(path_of(name), fmt::format("between {} and {}", min, max));
  }
  return number;
}

rt::Result<std::optional<std::vector<std::string>>> Json::texts(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  if (!value_of(node).is_array()) return wrong(path_of(name), "an array of strings");
  std::vector<std::string> texts;
  for (const Value& item : value_of(node)) {
    const auto* text = item.get_ptr<const std::string*>();
    if (!text) return wrong(path_of(name), "an array of strings");
    texts.push_back(*text);
  }
  return texts;
}

rt::Result<std::optional<Json>> Json::object(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  if (!value_of(node).is_object()) return wrong(path_of(name), "an object");
  return child(node, path_of(name));
}

rt::Result<std::optional<std::vector<Json>>> Json::objects(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  if (!value_of(node).is_array()) return wrong(path_of(name), "an array of objects");
  std::vector<Json> items;
  for (const Value& item : value_of(node)) {
    std::string where = fmt::format("{}[{}]", path_of(name), items.size());
    if (!item.is_object()) return wrong(std::move(where), "an object");
    items.push_back(child(&item, std::move(where)));
  }
  return items;
}

rt::Result<std::optional<Json>> Json::value(std::string_view name) const {
  const Node* node = find(name);
  if (!node) return std::nullopt;
  return child(node, path_of(name));
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  std::vector<std::pair<std::string, Json>> members;
  const Value& self = value_of(node_);
  if (self.is_array()) {
    for (const Value& item : self) {
      std::string where = fmt::format("{}[{}]", where_, members.size());
      members.emplace_back("", child(&item, std::move(where)));
    }
  } else if (self.is_object()) {
    for (auto item = self.begin(); item != self.end(); ++item) {
      members.emplace_back(item.key(), child(&*item, path_of(item.key())));
    }
  }
  return members;
}

std::optional<std::string> Json::as_text() const {
  const auto* text = value_of(node_).get_ptr<const std::string*>();
  return text ? std::optional(*text) : std::nullopt;
}

std::string Json::dump() const {
  return value_of(node_).dump(-1, ' ', /*ensure_ascii=*/false, Value::error_handler_t::replace);
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? literal(fmt::format("{}", number)) : value(nullptr);
}

JsonWriter& JsonWriter::value(std::nullptr_t) { return literal("null"); }

JsonWriter& JsonWriter::value(const std::vector<std::string>& texts) {
  begin_array();
  for (const std::string& text : texts) value(text);
  return end_array();
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::literal(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) text_ += ',';
  comma_ = true;
}

void JsonWriter::quote(std::string_view text) {
  text_ += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      text_ += "\xef\xbf\xbd";
    } else if (length > 1) {
      text_ += text.substr(i, length);
    } else if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (c == '\n') {
      text_ += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text_ += c;
    }
    i += std::max<std::size_t>(length, 1);
  }
  text_ += '"';
}

}  // namespace millrace::http
