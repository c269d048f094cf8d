// What is known in memory of the bytes that S3 brings. The services that receive them write it, and the one that tells
// how far an upload is reads it. Thread-safe.
#pragma once

#include "media/uploads/arrivals.h"
#include "media/uploads/part_sums.h"

namespace millrace::media {

struct Incoming {
  explicit Incoming(Clock clock = system_clock_ms) : bodies(clock) {}

  Arrivals bodies;  // by the keys of the records of uploads (whole objects) and multipart uploads (parts)
  PartSums sums;    // by the ids of multipart uploads
};

}  // namespace millrace::media
