// Answers about an object that is read after it was looked up: when it was replaced in between, they are made anew of
// what is there now. A key that exists is never "no such key".
#pragma once

#include <functional>
#include <string>

#include "handlers/s3/call.h"
#include "media/buckets/bucket.h"

namespace millrace::handlers::s3 {

// May be asked several times; only the last answer is given, so it changes nothing before it has read.
using OnObject = std::function<Answer(const media::BucketObject& object)>;

Answer of_current(const Call& call, std::string bucket, std::string key, OnObject answer);

}  // namespace millrace::handlers::s3
