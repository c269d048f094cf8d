// What the codecs of all records are made of: messages, enumerations, object ids and maps, to protobuf and back. For
// media/codec*.cc only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "media/media.pb.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media::wire {

template <class Message>
std::string bytes_of(const Message& message) {
  std::string bytes;
  message.SerializeToString(&bytes);
  return bytes;
}

template <class Message>
rt::Result<Message> parse(std::string_view bytes, std::string_view what) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
  return rt::fail(rt::Code::kDamaged, std::string("a record is no ") + std::string(what));
}

template <class Enum>
bool read_enum(std::uint32_t number, Enum last, Enum& out) {
  if (number > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enum>(number);
  return true;
}

template <class Enum>
std::uint32_t number_of(Enum value) {
  return static_cast<std::uint32_t>(value);
}

inline std::unexpected<rt::Error> unknown_enum(std::string_view what) {
  return rt::fail(rt::Code::kDamaged, std::string("a record of a newer version: ") + std::string(what));
}

inline void write_object(store::ObjectId id, record::ObjectId& out) {
  out.set_high(id.high);
  out.set_low(id.low);
}

inline store::ObjectId read_object(const record::ObjectId& id) { return {id.high(), id.low()}; }

template <class Repeated>
void write_entries(const std::map<std::string, std::string>& entries, Repeated& out) {
  for (const auto& [name, value] : entries) {
    auto* entry = out.Add();
    entry->set_name(name);
    entry->set_value(value);
  }
}

template <class Repeated>
std::map<std::string, std::string> read_entries(const Repeated& in) {
  std::map<std::string, std::string> entries;
  for (const auto& entry : in) entries[entry.name()] = entry.value();
  return entries;
}

}  // namespace millrace::media::wire
