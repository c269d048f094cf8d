#include "handlers/s3/current.h"

#include "media/buckets/buckets.h"

namespace millrace::handlers::s3 {
namespace {

// Each means that another write won.
constexpr int kRounds = 16;

}  // namespace

Answer of_current(const Call& call, std::string bucket, std::string key, OnObject answer) {
  for (int round = 1;; ++round) {
    auto object = co_await call.services.buckets.object(call.tenant(), bucket, key);
    if (!object) co_return pass(object);
    auto answered = co_await answer(*object);
    if (answered || !answered.error().replaced || round == kRounds) co_return answered;
  }
}

}  // namespace millrace::handlers::s3
