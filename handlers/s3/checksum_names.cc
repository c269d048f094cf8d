#include "handlers/s3/checksum_names.h"

#include <algorithm>

namespace millrace::handlers::s3 {

std::optional<media::ChecksumAlgorithm> algorithm_named(std::string_view word) {
  return media::parse_checksum_algorithm(word);
}

std::string checksum_field(media::ChecksumAlgorithm algorithm) {
  std::string name(kChecksumPrefix);
  name += media::word(algorithm);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return name;
}

}  // namespace millrace::handlers::s3
