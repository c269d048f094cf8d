#include "server/ops/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "server/rt/text.h"

namespace millrace::ops {
namespace {

using Texts = std::vector<std::string>;
using Value = std::variant<std::string, std::int64_t, bool, Texts>;

constexpr std::string_view kEnvironmentPrefix = "MILLRACE_";
constexpr std::size_t kCommentColumns = 100;

std::string_view section_of(const Key& key) { return key.name.substr(0, key.name.find('.')); }
std::string_view leaf_of(const Key& key) { return key.name.substr(key.name.find('.') + 1); }

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(config_keys(), name, &Key::name);
  return found == config_keys().end() ? nullptr : &*found;
}

bool is_section(std::string_view name) {
  return std::ranges::find(config_keys(), name, section_of) != config_keys().end();
}

bool is_choice(const Key& key) { return key.unit.find('|') != std::string_view::npos; }

Texts split(std::string_view text, char separator) {
  Texts parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string text_complaint(const Key& key, const std::string& text) {
  if (is_choice(key) && std::ranges::count(split(key.unit, '|'), text) == 0) {
    return fmt::format("\"{}\" is not one of {}", text, key.unit);
  }
  if (!key.complaint) return "";
  const std::string complaint = key.complaint(text);
  return complaint.empty() ? "" : fmt::format("\"{}\" {}", text, complaint);
}

std::string complaint_about(const Key&, bool) { return ""; }
std::string complaint_about(const Key& key, const std::string& text) { return text_complaint(key, text); }

std::string complaint_about(const Key& key, std::int64_t number) {
  if (number >= key.min && number <= key.max) return "";
  return fmt::format("{} is out of range: {} to {} {}", number, key.min, key.max, key.unit);
}

std::string complaint_about(const Key& key, const Texts& texts) {
  for (const std::string& text : texts) {
    if (std::string complaint = text_complaint(key, text); !complaint.empty()) return complaint;
  }
  return "";
}

std::string_view type_name(const Slot& slot) {
  static constexpr std::string_view kNames[] = {"a string", "a whole number", "true or false", "a list of strings"};
  return kNames[slot.index()];
}

// Stores `value`; returns what is wrong with it, empty when nothing is.
std::string assign(Config& config, const Key& key, const Value& value) {
  const Slot slot = key.slot(config);
  if (slot.index() != value.index()) return fmt::format("must be {}", type_name(slot));
  std::string complaint = std::visit([&](const auto& held) { return complaint_about(key, held); }, value);
  if (!complaint.empty()) return complaint;
  std::visit([&](auto* place) { *place = std::get<std::remove_pointer_t<decltype(place)>>(value); }, slot);
  return "";
}

std::optional<Texts> texts_of(const toml::array& array) {
  Texts texts;
  for (const toml::node& node : array) {
    const auto text = node.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

std::optional<Value> value_of(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto number = node.value_exact<std::int64_t>()) return *number;
  if (auto flag = node.value_exact<bool>()) return *flag;
  if (const toml::array* array = node.as_array()) {
    if (auto texts = texts_of(*array)) return *texts;
  }
  return std::nullopt;
}

std::optional<Value> value_of(const Slot& slot, const std::string& text) {
  if (std::holds_alternative<std::string*>(slot)) return text;
  if (std::holds_alternative<Texts*>(slot)) return split(text, ',');
  if (std::holds_alternative<bool*>(slot)) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return std::nullopt;
  }
  const auto number = rt::whole_number<std::int64_t>(text);
  return number ? std::optional<Value>(*number) : std::nullopt;
}

struct Complaint {
  std::uint32_t line;
  std::string text;
};

void read_key(Config& config, const std::string& name, const toml::node& node, std::vector<Complaint>& complaints) {
  const Key* key = find_key(name);
  std::string complaint = "is not a known key";
  if (key) {
    const auto value = value_of(node);
    complaint = value ? assign(config, *key, *value) : fmt::format("must be {}", type_name(key->slot(config)));
  }
  if (!complaint.empty()) complaints.push_back({node.source().begin.line, fmt::format("{}: {}", name, complaint)});
}

rt::Result<toml::table> parse_toml(const std::string& text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return rt::fail(rt::Code::kInvalid, fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
  }
}

// A table does not keep the order of the file, so the first complaint is the one with the lowest line.
std::optional<Complaint> read_file(Config& config, const toml::table& root) {
  std::vector<Complaint> complaints;
  for (const auto& [section, node] : root) {
    const std::string name(section.str());
    const toml::table* table = node.as_table();
    if (!table || !is_section(name)) {
      complaints.push_back({node.source().begin.line, name + ": is not a known section"});
      continue;
    }
    for (const auto& [leaf, value] : *table) read_key(config, name + "." + std::string(leaf.str()), value, complaints);
  }
  if (complaints.empty()) return std::nullopt;
  return *std::ranges::min_element(complaints, {}, &Complaint::line);
}

std::string environment_name(const Key& key) {
  std::string name(key.name);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return c == '.' ? '_' : std::toupper(c); });
  return std::string(kEnvironmentPrefix) + name;
}

// True for MILLRACE_SECTION_..., where a typing error must not pass in silence; MILLRACE_ANYTHING is somebody else's.
bool names_a_section(std::string_view variable) {
  const std::string rest = rt::lowered(variable.substr(kEnvironmentPrefix.size()));
  const std::size_t mark = rest.find('_');
  return mark != std::string::npos && is_section(rest.substr(0, mark));
}

std::string read_variable(Config& config, const std::string& variable, const std::string& text) {
  const auto key = std::ranges::find(config_keys(), variable, environment_name);
  if (key == config_keys().end()) {
    return names_a_section(variable) ? "is not a known key" : "";
  }
  const Slot slot = key->slot(config);
  const auto value = value_of(slot, text);
  const std::string complaint = value ? assign(config, *key, *value) : fmt::format("must be {}", type_name(slot));
  return complaint.empty() ? "" : fmt::format("{}: {}", key->name, complaint);
}

rt::Status read_environment(Config& config, const Environment& environment) {
  for (const std::string& entry : environment) {
    const std::size_t mark = entry.find('=');
    if (!entry.starts_with(kEnvironmentPrefix) || mark == std::string::npos) continue;
    const std::string variable = entry.substr(0, mark);
    const std::string complaint = read_variable(config, variable, entry.substr(mark + 1));
    if (!complaint.empty()) return rt::fail(rt::Code::kInvalid, fmt::format("{}: {}", variable, complaint));
  }
  return {};
}

// Rules between keys.
std::string whole_complaint(const Config& config) {
  const Config::Store& store = config.store;
  if (store.chunk_min_bytes > store.chunk_average_bytes || store.chunk_average_bytes > store.chunk_max_bytes) {
    return "store.chunk_average_bytes: must lie between store.chunk_min_bytes and store.chunk_max_bytes";
  }
  if (config.http2.stream_window_bytes > config.http2.stream_window_bytes_max) {
    return "http2.stream_window_bytes: is larger than http2.stream_window_bytes_max";
  }
  if (config.tls.certificate.empty() != config.tls.key.empty()) {
    return "tls.key: a certificate and its key must be given together";
  }
  if (config.events.keep_seconds <= config.webhooks.retry_seconds) {
    return "events.keep_seconds: is not longer than webhooks.retry_seconds, but a delivery needs its event";
  }
  return "";
}

std::string render(const Slot& slot) {
  if (auto* text = std::get_if<std::string*>(&slot)) return fmt::format("\"{}\"", **text);
  if (auto* number = std::get_if<std::int64_t*>(&slot)) return std::to_string(**number);
  if (auto* flag = std::get_if<bool*>(&slot)) return **flag ? "true" : "false";
  std::string list;
  for (const std::string& text : *std::get<Texts*>(slot))
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", text);
  return "[" + list + "]";
}

std::string wrapped_comment(std::string_view text) {
  std::string lines;
  std::string line = "#";
  for (const std::string& word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > kCommentColumns) {
      lines += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return lines + line + "\n";
}

std::string documented(const Key& key, const Slot& slot) {
  std::string comment = fmt::format("{} Unit: {}.", key.reason, key.unit);
  if (std::holds_alternative<std::int64_t*>(slot)) comment += fmt::format(" From {} to {}.", key.min, key.max);
  return wrapped_comment(comment) + fmt::format("#{} = {}\n\n", leaf_of(key), render(slot));
}

}  // namespace

rt::Result<Config> parse_config(const std::string& toml, const std::string& name, const Environment& environment) {
  const auto root = parse_toml(toml, name);
  if (!root) return std::unexpected(root.error());
  Config config;
  if (const auto complaint = read_file(config, *root)) {
    return rt::fail(rt::Code::kInvalid, fmt::format("{}:{}: {}", name, complaint->line, complaint->text));
  }
  if (auto read = read_environment(config, environment); !read) return rt::pass(read);
  if (std::string complaint = whole_complaint(config); !complaint.empty()) {
    return rt::fail(rt::Code::kInvalid, fmt::format("{}: {}", name, complaint));
  }
  return config;
}

rt::Result<Config> load_config(const std::optional<std::filesystem::path>& file, const Environment& environment) {
  if (!file) return parse_config("", "defaults", environment);
  std::ifstream stream(*file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(*file)) {
    return rt::fail(rt::Code::kNotFound, fmt::format("{}: cannot be read", file->string()));
  }
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  return parse_config(text, file->string(), environment);
}

std::string documented_config() {
  std::string text = wrapped_comment(
      "Millrace's configuration: every key with its unit, its default and the reason. A line that is commented out "
      "shows the default. Each key can be set by the environment too: MILLRACE_SECTION_KEY, lists with commas.");
  Config defaults;
  std::string_view section;
  for (const Key& key : config_keys()) {
    if (section_of(key) != section) {
      section = section_of(key);
      text += fmt::format("{}[{}]\n\n", text.ends_with("\n\n") ? "" : "\n", section);
    }
    text += documented(key, key.slot(defaults));
  }
  text.pop_back();
  return text;
}

}  // namespace millrace::ops
