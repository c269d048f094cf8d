#include "media/catalog/short_id.h"

#include <algorithm>

namespace millrace::media {
namespace {

constexpr std::size_t kDigits = 20;

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string short_id(std::string_view uuid) {
  std::string digits;
  std::ranges::copy_if(uuid, std::back_inserter(digits), is_digit);
  digits.resize(std::min(digits.size(), kDigits));
  return digits;
}

rt::Task<rt::Result<std::string>> find_by_short_id(store::Store& store, std::string prefix, std::string digits,
                                                   std::string what) {
  const auto absent = [&] { return rt::fail(rt::Code::kNotFound, "no such " + what); };
  if (digits.size() != kDigits || !std::ranges::all_of(digits, is_digit)) co_return absent();
  for (const std::size_t group_end : {8, 13, 18}) digits.insert(group_end, 1, '-');
  store::Scan scan{.prefix = prefix + digits + "-", .after = {}, .limit = 1};
  auto found = co_await store.scan(std::move(scan));
  if (!found) co_return rt::pass(found);
  if (found->empty()) co_return absent();
  co_return found->front().key.substr(prefix.size());
}

}  // namespace millrace::media
