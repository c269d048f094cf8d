// Answers a Query: filters, sorts and cuts a page. A list without filter or sort reads only the keys of its time index
// and the records of one page; any other reads all records of the tenant. Any loop.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/records/keys.h"
#include "media/records/listing.h"
#include "media/records/records.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// A field that lists know by its public name. Its text is compared by filters and, byte by byte, by sorts.
template <class T>
struct Field {
  std::string_view name;
  std::string (*text)(const T&);
  bool filters = true;
};

template <class T>
rt::Result<const Field<T>*> find_field(std::span<const Field<T>> fields, std::string_view name, bool to_filter) {
  for (const auto& field : fields) {
    if (field.name == name && (field.filters || !to_filter)) return &field;
  }
  const std::string what = to_filter ? "filter" : "sort";
  return rt::fail(rt::Code::kInvalid, "there is no " + what + " named " + std::string(name), what);
}

template <class T>
Page<T> cut_page(std::vector<T> all, const Query& query) {
  Page<T> page{.items = {}, .total = all.size(), .page = query.page, .per_page = query.per_page};
  const std::uint64_t before = query.skip + std::uint64_t{query.page} * query.per_page;
  const std::uint64_t begin = std::min<std::uint64_t>(before, all.size());
  const std::uint64_t end = std::min<std::uint64_t>(begin + query.per_page, all.size());
  const auto at = [&](std::uint64_t index) { return all.begin() + static_cast<std::ptrdiff_t>(index); };
  page.items.assign(std::move_iterator(at(begin)), std::move_iterator(at(end)));
  return page;
}

// What sorts alike stays in its order, so that pages fit together.
template <class T>
void sort_by(std::vector<T>& all, std::string (*text)(const T&), bool descending) {
  std::vector<std::pair<std::string, std::size_t>> order;
  for (const T& item : all) order.emplace_back(text(item), order.size());
  std::ranges::sort(order, [descending](const auto& a, const auto& b) {
    if (a.first != b.first) return descending ? b.first < a.first : a.first < b.first;
    return a.second < b.second;
  });
  std::vector<T> sorted;
  sorted.reserve(all.size());
  for (const auto& [key, index] : order) sorted.push_back(std::move(all[index]));
  all = std::move(sorted);
}

// `all` comes newest first.
template <class T>
rt::Result<Page<T>> select(std::vector<T> all, const Query& query, std::span<const Field<T>> fields) {
  for (const auto& [name, value] : query.filters) {
    auto field = find_field(fields, name, true);
    if (!field) return rt::pass(field);
    std::erase_if(all, [&](const T& item) { return (*field)->text(item) != value; });
  }
  if (!query.sort.empty()) {
    auto field = find_field(fields, query.sort, false);
    if (!field) return rt::pass(field);
    sort_by(all, (*field)->text, query.descending);
  }
  return cut_page(std::move(all), query);
}

template <class T>
using Decode = rt::Result<T> (*)(const store::Record&);

// One page by the time index below `times`; `key_of` makes the record's key from the tenant and the id.
template <class T>
rt::Task<rt::Result<Page<T>>> newest(store::Store& store, std::string tenant, std::string times,
                                     std::string (*key_of)(std::string_view, std::string_view), Decode<T> decode,
                                     Query query) {
  auto index = co_await scan_all(store, std::move(times), true);
  if (!index) co_return rt::pass(index);
  const Page<store::Record> keys = cut_page(std::move(*index), query);
  Page<T> page{.items = {}, .total = keys.total, .page = keys.page, .per_page = keys.per_page};
  for (const auto& entry : keys.items) {
    auto record = co_await store.get(key_of(tenant, keys::last_part(entry.key)));
    if (!record) co_return rt::pass(record);
    if (!*record) continue;  // removed meanwhile
    auto item = decode(**record);
    if (!item) co_return rt::pass(item);
    page.items.push_back(std::move(*item));
  }
  co_return page;
}

// Every record below `prefix`, newest first.
template <class T>
rt::Task<rt::Result<std::vector<T>>> load_all(store::Store& store, std::string prefix, Decode<T> decode) {
  auto records = co_await scan_all(store, std::move(prefix));
  if (!records) co_return rt::pass(records);
  std::vector<T> all;
  for (const auto& record : *records) {
    auto item = decode(record);
    if (!item) co_return rt::pass(item);
    all.push_back(std::move(*item));
  }
  std::sort(all.begin(), all.end(), [](const T& a, const T& b) {
    return a.created_ms != b.created_ms ? a.created_ms > b.created_ms : a.id > b.id;
  });
  co_return all;
}

}  // namespace millrace::media
