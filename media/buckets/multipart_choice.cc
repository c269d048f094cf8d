#include "media/buckets/multipart_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "media/buckets/checksum_hasher.h"
#include "server/http/crypto.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::size_t kEtagDigits = 32;

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(Code::kInvalid, std::move(message), std::move(field));
}

bool matches(const MultipartPart& part, const NamedPart& named) {
  const auto same = [&](const Checksum& checksum) {
    const Checksum* known = find(part.checksums, checksum.algorithm);
    return known && known->value == checksum.value;
  };
  return part.etag == named.etag && std::ranges::all_of(named.checksums, same);
}

// S3's form for objects of parts: the MD5 of the parts' ETags, and how many there are.
std::string etag_of_parts(const std::vector<MultipartPart>& chosen) {
  std::string etags;
  for (const MultipartPart& part : chosen) etags += http::unhex(part.etag.substr(0, kEtagDigits)).value_or(part.etag);
  return fmt::format("{}-{}", http::hex(http::md5(http::bytes_of(etags))), chosen.size());
}

Checksum composite_of(ChecksumAlgorithm algorithm, const std::vector<MultipartPart>& chosen) {
  ChecksumHasher values(algorithm);
  for (const MultipartPart& part : chosen) {
    if (const Checksum* checksum = find(part.checksums, algorithm)) values.update(http::bytes_of(checksum->value));
  }
  return {.algorithm = algorithm, .value = values.finish(), .composite = true};
}

Checksum full_object_of(ChecksumAlgorithm algorithm, const std::vector<MultipartPart>& chosen) {
  Checksum whole{.algorithm = algorithm, .value = std::string(digest_bytes(algorithm), '\0')};
  for (const MultipartPart& part : chosen) {
    if (const Checksum* checksum = find(part.checksums, algorithm)) {
      whole.value = combine(algorithm, whole.value, checksum->value, part.size_bytes);
    }
  }
  return whole;
}

Checksum whole_checksum(const Multipart& multipart, const std::vector<MultipartPart>& chosen) {
  if (!multipart.algorithm) return crc64nvme_checksum(crc64nvme_of(chosen));
  if (multipart.composite) return composite_of(*multipart.algorithm, chosen);
  return full_object_of(*multipart.algorithm, chosen);
}

Checksum full_crc32_of(const std::vector<MultipartPart>& chosen) {
  std::uint32_t crc = 0;
  for (const MultipartPart& part : chosen) crc = store::crc32_combine(crc, part.crc32, part.size_bytes);
  return crc32_checksum(crc);
}

// What is known of the whole under this algorithm; `kept` is what its readers will get.
std::optional<Checksum> known_checksum(ChecksumAlgorithm algorithm, const Checksum& kept,
                                       const std::vector<MultipartPart>& chosen) {
  if (algorithm == kept.algorithm) return kept;
  if (algorithm == ChecksumAlgorithm::kCrc64Nvme) return crc64nvme_checksum(crc64nvme_of(chosen));
  if (algorithm == ChecksumAlgorithm::kCrc32) return full_crc32_of(chosen);
  return std::nullopt;
}

rt::Status check_stated(const CompleteMultipart& input, const Checksum& kept, std::uint64_t size_bytes,
                        const std::vector<MultipartPart>& chosen) {
  if (input.size_bytes.value_or(size_bytes) != size_bytes) {
    return invalid(fmt::format("the parts have {} bytes, not {}", size_bytes, *input.size_bytes), "fileSize");
  }
  if (size_bytes > kObjectMaxBytes) return rt::fail(Code::kTooLarge, "the object is too large", "fileSize");
  if (!input.checksum) return {};
  const std::string_view name = word(input.checksum->algorithm);
  const auto known = known_checksum(input.checksum->algorithm, kept, chosen);
  if (!known) return rt::fail(Code::kUnprocessable, fmt::format("this upload was not begun with {}", name), "checksum");
  if (known->value == input.checksum->value) return {};
  return invalid(fmt::format("the {} of the whole is another one", name), "checksum");
}

}  // namespace

rt::Status check_list(const std::vector<NamedPart>& named) {
  if (named.empty() || named.size() > kPartsMax) {
    return invalid(fmt::format("an object is made of 1 to {} parts", kPartsMax), "parts");
  }
  const auto no_rise = [](const NamedPart& a, const NamedPart& b) { return a.number >= b.number; };
  if (std::ranges::adjacent_find(named, no_rise) == named.end()) return {};
  return invalid("parts are listed by rising numbers", "partOrder");
}

std::string digest_of(const std::vector<NamedPart>& named) {
  std::string text;
  for (const NamedPart& part : named) text += fmt::format("{} {}\n", part.number, part.etag);
  const auto digest = http::sha256(http::bytes_of(text));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

rt::Result<Choice> choose(std::vector<MultipartPart> parts, const std::vector<NamedPart>& named,
                          std::uint64_t part_min_bytes) {
  std::map<std::uint32_t, MultipartPart> by_number;
  for (MultipartPart& part : parts) {
    const std::uint32_t number = part.number;
    by_number.emplace(number, std::move(part));
  }
  Choice choice;
  for (const NamedPart& wanted : named) {
    auto found = by_number.extract(wanted.number);
    if (!found || !matches(found.mapped(), wanted)) {
      return invalid(fmt::format("part {} did not come, or has another ETag or checksum", wanted.number), "part");
    }
    choice.chosen.push_back(std::move(found.mapped()));
  }
  for (const MultipartPart& part : std::span(choice.chosen).first(choice.chosen.size() - 1)) {
    if (part.size_bytes >= part_min_bytes) continue;
    return invalid(fmt::format("part {} has less than {} bytes", part.number, part_min_bytes), "partSize");
  }
  for (auto& [number, part] : by_number) choice.others.push_back(std::move(part));
  return choice;
}

rt::Result<BucketObject> joined(const Multipart& multipart, const std::vector<MultipartPart>& chosen,
                                const CompleteMultipart& input, std::int64_t now_ms) {
  std::uint64_t size_bytes = 0;
  for (const MultipartPart& part : chosen) size_bytes += part.size_bytes;
  Checksum checksum = whole_checksum(multipart, chosen);
  auto good = check_stated(input, checksum, size_bytes, chosen);
  if (!good) return rt::pass(good);
  return BucketObject{.tenant = multipart.ref.tenant,
                      .bucket = multipart.ref.bucket,
                      .key = multipart.ref.key,
                      .object = {},
                      .size_bytes = size_bytes,
                      .etag = etag_of_parts(chosen),
                      .checksums = {std::move(checksum)},
                      .headers = multipart.headers,
                      .tags = multipart.tags,
                      .part_count = static_cast<std::uint32_t>(chosen.size()),
                      .modified_ms = now_ms};
}

std::uint64_t crc64nvme_of(const std::vector<MultipartPart>& chosen) {
  std::uint64_t crc = 0;
  for (const MultipartPart& part : chosen) crc = store::crc64nvme_combine(crc, part.crc64nvme, part.size_bytes);
  return crc;
}

std::vector<ObjectPart> parts_of(const Multipart& multipart, const std::vector<MultipartPart>& chosen) {
  std::vector<ObjectPart> parts;
  for (const MultipartPart& part : chosen) {
    ObjectPart& to =
        parts.emplace_back(ObjectPart{.number = part.number, .size_bytes = part.size_bytes, .checksums = {}});
    const Checksum* checksum = multipart.algorithm ? find(part.checksums, *multipart.algorithm) : nullptr;
    if (checksum) to.checksums.push_back(*checksum);
  }
  return parts;
}

}  // namespace millrace::media
