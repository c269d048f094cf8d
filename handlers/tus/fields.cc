#include "handlers/tus/fields.h"

#include <algorithm>

#include "media/uploads/uploads.h"
#include "server/http/crypto.h"
#include "server/http/url.h"
#include "server/rt/text.h"

namespace millrace::handlers::tus {
namespace {

using rt::trimmed;

constexpr std::string_view kFilesPath = "/files/";
constexpr std::string_view kFinal = "final;";

std::unexpected<rt::Error> invalid(std::string message, std::string_view field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::string(field));
}

// Cuts off and returns what stands before the separator.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool is_name(std::string_view name) {
  const auto fits = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != ','; };
  return !name.empty() && std::ranges::all_of(name, fits);
}

// From an address of ours, absolute or not, to the upload's id.
std::optional<std::string> id_in(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  if (const auto scheme = address.find("://"); scheme != address.npos) {
    const auto path = address.find('/', scheme + 3);
    address = path == address.npos ? std::string_view() : address.substr(path);
  }
  const auto files = address.rfind(kFilesPath);
  if (files == address.npos) return std::nullopt;
  auto id = http::percent_decode(address.substr(files + kFilesPath.size()));
  const bool good = id && !id->empty() && id->find('/') == std::string::npos;
  return good ? id : std::nullopt;
}

}  // namespace

rt::Result<std::optional<std::string_view>> single(const http::Fields& fields, std::string_view name) {
  if (fields.count(name) > 1) return invalid("there must be one " + std::string(name), name);
  return fields.get(name);
}

rt::Result<std::optional<std::uint64_t>> byte_count(const http::Fields& fields, std::string_view name) {
  const auto field = single(fields, name);
  if (!field) return std::unexpected(field.error());
  if (!*field) return std::nullopt;
  if (const auto count = rt::whole_number<std::uint64_t>(trimmed(**field))) return *count;
  return invalid(std::string(name) + " must be a number of bytes", name);
}

std::string media_type(const http::Fields& fields) {
  const std::string_view field = fields.get("content-type").value_or("");
  return rt::lowered(trimmed(field.substr(0, field.find(';'))));
}

rt::Result<Metadata> parse_metadata(std::string_view field) {
  constexpr std::string_view kName = "upload-metadata";
  Metadata metadata;
  for (std::string_view rest = trimmed(field); !rest.empty();) {
    std::string_view value = trimmed(take_until(rest, ','));
    const std::string_view name = take_until(value, ' ');
    if (!is_name(name)) return invalid("a name is one or more characters of ASCII without space and comma", kName);
    auto decoded = http::base64_decode(trimmed(value));
    if (!decoded) return invalid("the value of " + std::string(name) + " is not base64", kName);
    const bool fresh = metadata.emplace(name, std::move(*decoded)).second;
    if (!fresh) return invalid("the name " + std::string(name) + " stands there twice", kName);
  }
  return metadata;
}

std::string write_metadata(const Metadata& metadata) {
  std::string field;
  for (const auto& [name, value] : metadata) {
    if (!is_name(name)) continue;
    if (!field.empty()) field += ',';
    field += name;
    if (!value.empty()) field += ' ' + http::base64(http::bytes_of(value));
  }
  return field;
}

rt::Result<Concat> parse_concat(std::string_view field) {
  constexpr std::string_view kName = "upload-concat";
  field = trimmed(field);
  if (field == "partial") return Concat{.is_partial = true, .ids = {}};
  if (!field.starts_with(kFinal)) return invalid("must be partial, or final; and the addresses of its parts", kName);
  Concat concat;
  for (std::string_view rest = field.substr(kFinal.size()); !rest.empty();) {
    const std::string_view address = take_until(rest, ' ');
    if (address.empty()) continue;
    auto id = id_in(address);
    if (!id) return invalid("\"" + std::string(address) + "\" is not an address of an upload", kName);
    if (concat.ids.size() == media::kPiecesMax) return invalid("there are too many parts", kName);
    concat.ids.push_back(std::move(*id));
  }
  if (concat.ids.empty()) return invalid("final; needs the addresses of its parts", kName);
  return concat;
}

rt::Result<media::Checksum> parse_checksum(std::string_view field) {
  constexpr std::string_view kName = "upload-checksum";
  std::string_view digest = trimmed(field);
  const std::string_view algorithm = take_until(digest, ' ');
  auto value = http::base64_decode(trimmed(digest));
  if (algorithm.empty() || !value || value->empty()) {
    return invalid("must be an algorithm, a space and a digest in base64", kName);
  }
  const auto known = media::parse_checksum_algorithm(algorithm);
  if (!known) return invalid("the algorithm is none of " + checksum_algorithms(), kName);
  return media::Checksum{.algorithm = *known, .value = std::move(*value)};
}

std::string checksum_algorithms() {
  std::string names;
  for (const auto algorithm : media::kChecksumAlgorithms) {
    names += (names.empty() ? "" : ",") + std::string(word(algorithm));
  }
  return rt::lowered(names);
}

}  // namespace millrace::handlers::tus
