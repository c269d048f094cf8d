// Header and trailer fields of one message, in the order they came, names in lower case (RFC 9113 §8.2.1; HTTP/1.1
// names are lowered on arrival). All text lives in one buffer that keeps its capacity across clear(), because a
// session reuses its messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::http {

class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  // `name` must be in lower case already. Views given out before are no longer valid.
  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name. The texts must not be views into this.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void clear() noexcept;

  // The first value, if any.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  // How many fields carry that name.
  std::size_t count(std::string_view name) const noexcept;

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  Field operator[](std::size_t index) const noexcept;
  // Bytes of names and values: what a header limit counts.
  std::size_t bytes() const noexcept { return text_.size(); }

 private:
  struct Entry {
    std::uint32_t start;
    std::uint32_t name_bytes;
    std::uint32_t value_bytes;
  };
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace millrace::http
