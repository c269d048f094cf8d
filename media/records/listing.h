// How every list is asked for and answered: pages counted from 0, newest first unless a sort is named, filters by exact
// field value. Field names are the public ones (`createdAt`, `fileName`); doors only split the query string.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace millrace::media {

struct Query {
  std::uint32_t page = 0;
  std::uint32_t per_page = 10;
  std::uint64_t skip = 0;  // items before the first page
  std::string sort = {};   // empty: createdAt, descending
  bool descending = false;
  std::vector<std::pair<std::string, std::string>> filters = {};  // all must match
};

template <class T>
struct Page {
  std::vector<T> items;
  std::uint64_t total = 0;  // over all pages
  std::uint32_t page = 0;
  std::uint32_t per_page = 0;
};

}  // namespace millrace::media
