// The checksums that a piece of an upload may be sent with, behind one interface.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace millrace::handlers::tus {

// A digest of bytes that come one after another.
class Digest {
 public:
  virtual ~Digest() = default;
  virtual void update(std::span<const std::byte> bytes) = 0;
  // The raw digest, most significant byte first; called once.
  virtual std::string finish() = 0;
};

using Digests = std::map<std::string, std::unique_ptr<Digest>, std::less<>>;  // by algorithm

// One of each, for a checksum that is told at the end.
Digests all_digests();
// Nothing when the algorithm is none of digest_algorithms().
std::unique_ptr<Digest> make_digest(std::string_view algorithm);
// As Tus-Checksum-Algorithm tells them.
std::string digest_algorithms();

}  // namespace millrace::handlers::tus
