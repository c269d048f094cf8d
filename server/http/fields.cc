#include "server/http/fields.h"

#include <algorithm>

namespace millrace::http {

void Fields::add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  text_.append(name);
  text_.append(value);
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::remove(std::string_view name) {
  std::uint32_t removed_bytes = 0;
  std::erase_if(entries_, [&](Entry& entry) {
    entry.start -= removed_bytes;
    if (std::string_view(text_).substr(entry.start, entry.name_bytes) != name) return false;
    text_.erase(entry.start, entry.name_bytes + entry.value_bytes);
    removed_bytes += entry.name_bytes + entry.value_bytes;
    return true;
  });
}

void Fields::clear() noexcept {
  text_.clear();
  entries_.clear();
}

std::optional<std::string_view> Fields::get(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Field field = (*this)[i];
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) found += (*this)[i].name == name;
  return found;
}

Fields::Field Fields::operator[](std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  const std::string_view text(text_);
  return {text.substr(entry.start, entry.name_bytes), text.substr(entry.start + entry.name_bytes, entry.value_bytes)};
}

}  // namespace millrace::http
