// Hostile text into the JSON reader: what parses can be read with every getter, and what is written from it parses
// again.
#include <cstdint>
#include <string>

#include "server/http/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace millrace::http;
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  JsonWriter writer;
  writer.begin_object().member(text, text).end_object();
  const auto written = Json::parse_object(writer.text(), 16 << 20);
  if (!written || written->members().size() != 1) __builtin_trap();

  const auto json = Json::parse(text);
  if (!json) return 0;
  const auto again = Json::parse(json->dump(), 16 << 20);
  if (!again || again->dump() != json->dump()) __builtin_trap();
  for (const auto& [name, value] : json->members()) {
    (void)json->text(name);
    (void)json->integer(name, -5, 5);
    (void)json->number(name);
    (void)json->boolean(name);
    (void)json->texts(name);
    (void)json->object(name);
    (void)json->objects(name);
    (void)value.as_text();
  }
  return 0;
}
