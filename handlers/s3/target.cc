#include "handlers/s3/target.h"

#include <algorithm>

#include "media/buckets/bucket.h"

namespace millrace::handlers::s3 {
namespace {

std::string_view without_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const bool port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return port ? authority.substr(0, colon) : authority;
}

std::string_view without_suffix(std::string_view host, std::string_view suffix) {
  const bool below =
      host.size() > suffix.size() + 1 && host.ends_with(suffix) && host[host.size() - suffix.size() - 1] == '.';
  return below ? host.substr(0, host.size() - suffix.size() - 1) : std::string_view();
}

std::unexpected<Refusal> bad_uri() {
  return refuse(reasons::kInvalidUri, "The path or query is not valid percent-encoding.");
}

Status check_version(const Target& target) {
  const auto version = target.maybe("versionId");
  if (!version || version->empty() || *version == "null") return {};
  return refuse(reasons::kNoSuchVersion, "Buckets are not versioned: the only version is null.");
}

Status check_key(const Target& target) {
  if (target.key.size() <= media::kKeyMaxBytes) return {};
  return refuse(reasons::kKeyTooLong, "Your key is too long");
}

// `path` has no slash in front.
Status read_path(std::string_view path, Target& target) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  const auto bucket = http::percent_decode(path.substr(0, slash));
  const auto key = http::percent_decode(path.substr(std::min(slash + 1, path.size())));
  if (!bucket || !key) return bad_uri();
  target.bucket = *bucket;
  target.key = *key;
  return {};
}

}  // namespace

const std::string* Target::find(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &http::Pairs::value_type::first);
  return found == query.end() ? nullptr : &found->second;
}

std::string bucket_of_host(const Settings& settings, std::string_view authority) {
  const std::string_view host = without_port(authority);
  for (const std::string& base : settings.s3_hosts) {
    if (const auto bucket = without_suffix(host, base); !bucket.empty()) return std::string(bucket);
  }
  if (const auto bucket = without_suffix(host, "localhost"); !bucket.empty() && bucket != "s3") {
    return std::string(bucket.ends_with(".s3") ? bucket.substr(0, bucket.size() - 3) : bucket);
  }
  const std::size_t mark = host.find(".s3.");
  return mark == std::string_view::npos ? std::string() : std::string(host.substr(0, mark));
}

Result<Target> read_target(const Settings& settings, const http::Request& request) {
  Target target;
  auto query = http::parse_query(request.query());
  if (!query) return bad_uri();
  target.query = std::move(*query);
  std::string_view path = request.path();
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string bucket = bucket_of_host(settings, request.authority);
  if (bucket.empty()) {
    if (auto read = read_path(path, target); !read) return pass(read);
  } else {
    const auto key = http::percent_decode(path);
    if (!key) return bad_uri();
    target.bucket = bucket;
    target.key = *key;
  }
  if (auto checked = check_key(target); !checked) return pass(checked);
  if (auto checked = check_version(target); !checked) return pass(checked);
  return target;
}

Result<Target> read_copy_source(std::string_view field) {
  Target source;
  const std::size_t mark = field.find('?');
  if (mark != std::string_view::npos) {
    auto query = http::parse_query(field.substr(mark + 1));
    if (!query) return bad_uri();
    source.query = std::move(*query);
  }
  std::string_view path = field.substr(0, mark);
  // Some clients encode the slashes too.
  const auto decoded = http::percent_decode(path);
  if (!decoded) return bad_uri();
  std::string_view text = *decoded;
  if (text.starts_with('/')) text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) {
    return refuse(reasons::kInvalidArgument,
                  "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  source.bucket = text.substr(0, slash);
  source.key = text.substr(slash + 1);
  if (auto checked = check_key(source); !checked) return pass(checked);
  if (auto checked = check_version(source); !checked) return pass(checked);
  return source;
}

}  // namespace millrace::handlers::s3
