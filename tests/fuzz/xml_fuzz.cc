// Hostile documents into the XML reader: it never crashes, and what it read, written and read again, is the same.
#include <cstdint>
#include <string>

#include "server/http/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace millrace::http;
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  const auto xml = Xml::parse(text, "Delete");
  if (!xml) return 0;
  XmlWriter again("Delete");
  std::string keys;
  for (const Xml& object : xml->children("Object")) {
    const std::string key = object.text("Key").value_or("");
    again.begin("Object").element("Key", key).end();
    keys += key;
  }
  const auto reread = Xml::parse(again.take(), "Delete");
  if (!reread) __builtin_trap();
  std::string keys_again;
  for (const Xml& object : reread->children("Object")) keys_again += object.text("Key").value_or("");
  if (keys != keys_again) __builtin_trap();
  return 0;
}
