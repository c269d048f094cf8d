#include "media/tenants/tenants.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <unordered_map>

#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/tenants/channels.h"
#include "media/tenants/token.h"
#include "server/http/crypto.h"

namespace millrace::media {
namespace {

using http::bytes_of;
using rt::Code;

constexpr std::string_view kBearerPrefix = "sk-";
constexpr std::size_t kBearerShownChars = 10;
constexpr std::size_t kBearerRandomBytes = 24;
constexpr std::size_t kBearerMaxChars = 1024;
constexpr std::size_t kNameMaxBytes = 256;

std::unexpected<rt::Error> wrong_key() { return rt::fail(Code::kUnauthenticated, "the key is not valid"); }

std::string digest_of(std::string_view bearer) {
  const auto digest = http::sha256(bytes_of(bearer));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// The digest's first bytes find the candidates; the whole is then compared in constant time.
std::uint64_t bucket_of(std::string_view digest) {
  std::uint64_t bucket;
  std::memcpy(&bucket, digest.data(), sizeof(bucket));
  return bucket;
}

std::string new_access_key_id() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, 18> random;
  http::random_bytes(random);
  std::string id = "MR";
  for (std::byte byte : random) id += kAlphabet[std::to_integer<std::size_t>(byte) % kAlphabet.size()];
  return id;
}

bool valid_tenant_id(std::string_view id) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !id.empty() && id.size() <= 63 && std::ranges::all_of(id, allowed);
}

Principal principal_of(const ApiKey& key) { return {.tenant = key.tenant, .key_id = key.id, .scopes = key.scopes}; }

Channel default_channel(const Tenant& tenant) {
  return {.id = tenant.default_channel_id,
          .tenant = tenant.id,
          .title = "Default",
          .is_default = true,
          .created_ms = tenant.created_ms};
}

void put_tenant(store::Transaction& transaction, const Tenant& tenant) {
  const Channel channel = default_channel(tenant);
  transaction.require(keys::tenant(tenant.id), 0);
  transaction.put(keys::tenant(tenant.id), encode(tenant));
  transaction.put(keys::channel(tenant.id, channel.id), encode(channel));
}

void put_key(store::Transaction& transaction, const NewKey& made) {
  transaction.put(keys::api_key(made.key.tenant, made.key.id), encode(StoredKey{made.key, digest_of(made.bearer)}));
}

}  // namespace

struct Tenants::Snapshot {
  std::map<std::string, Tenant, std::less<>> tenants;
  std::map<std::string, StoredKey, std::less<>> keys;                    // by id
  std::map<std::string, std::string, std::less<>> key_of_access_key_id;  // to the key's id
  std::unordered_multimap<std::uint64_t, std::string> key_of_digest;     // to the key's id

  void add(StoredKey stored) {
    key_of_access_key_id[stored.key.access_key_id] = stored.key.id;
    key_of_digest.emplace(bucket_of(stored.bearer_sha256), stored.key.id);
    std::string id = stored.key.id;
    keys.insert_or_assign(std::move(id), std::move(stored));
  }
  void remove(std::string_view key_id) {
    const auto found = keys.find(key_id);
    if (found == keys.end()) return;
    key_of_access_key_id.erase(found->second.key.access_key_id);
    std::erase_if(key_of_digest, [&](const auto& entry) { return entry.second == key_id; });
    keys.erase(found);
  }
  const ApiKey* find_key(std::string_view id) const {
    const auto found = keys.find(id);
    return found == keys.end() ? nullptr : &found->second.key;
  }
  const ApiKey* find_bearer(std::string_view digest) const {
    const auto [begin, end] = key_of_digest.equal_range(bucket_of(digest));
    for (auto candidate = begin; candidate != end; ++candidate) {
      const StoredKey& stored = keys.find(candidate->second)->second;
      if (http::constant_time_equal(stored.bearer_sha256, digest)) return &stored.key;
    }
    return nullptr;
  }
};

Tenants::Tenants(store::Store& store, ServerSecret secret, TenantDefaults defaults, Clock clock)
    : store_(store),
      secret_(secret),
      defaults_(defaults),
      clock_(clock),
      snapshot_(std::make_shared<const Snapshot>()) {}

Tenants::~Tenants() = default;

rt::Task<rt::Result<std::unique_ptr<Tenants>>> Tenants::open(store::Store& store, ServerSecret secret,
                                                             TenantDefaults defaults, Clock clock) {
  std::unique_ptr<Tenants> tenants(new Tenants(store, secret, defaults, clock));
  auto loaded = co_await tenants->load();
  if (!loaded) co_return rt::pass(loaded);
  co_return std::move(tenants);
}

rt::Task<rt::Status> Tenants::load() {
  auto fresh = std::make_shared<Snapshot>();
  auto tenant_records = co_await scan_all(store_, keys::tenants());
  if (!tenant_records) co_return rt::pass(tenant_records);
  for (const auto& record : *tenant_records) {
    auto tenant = decode_tenant(record.value);
    if (!tenant) co_return rt::pass(tenant);
    std::string id = tenant->id;
    fresh->tenants.insert_or_assign(std::move(id), std::move(*tenant));
  }
  auto key_records = co_await scan_all(store_, keys::api_keys());
  if (!key_records) co_return rt::pass(key_records);
  for (const auto& record : *key_records) {
    auto key = decode_key(record.value);
    if (!key) co_return rt::pass(key);
    fresh->add(std::move(*key));
  }
  std::lock_guard lock(mutex_);
  snapshot_ = std::move(fresh);
  co_return rt::Status{};
}

std::shared_ptr<const Tenants::Snapshot> Tenants::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

void Tenants::change(const std::function<void(Snapshot&)>& edit) {
  std::lock_guard lock(mutex_);
  auto fresh = std::make_shared<Snapshot>(*snapshot_);
  edit(*fresh);
  snapshot_ = std::move(fresh);
}

// Never over one that is shown already: that may have been changed since.
void Tenants::show(const Tenant& tenant) {
  change([&](Snapshot& fresh) { fresh.tenants.try_emplace(tenant.id, tenant); });
}

// Who made it has committed it, and may not have come to show it yet.
rt::Task<rt::Status> Tenants::show_existing(std::string id) {
  if (snapshot()->tenants.contains(id)) co_return rt::Status{};
  auto record = co_await get_record(store_, keys::tenant(id), "tenant");
  if (!record) co_return rt::pass(record);
  auto tenant = decode_tenant(record->value);
  if (!tenant) co_return rt::pass(tenant);
  show(*tenant);
  co_return rt::Status{};
}

Tenant Tenants::make_tenant(std::string id, std::string name) const {
  return {.id = std::move(id),
          .name = std::move(name),
          .default_channel_id = new_uuid(),
          .duplicate_check = defaults_.duplicate_check,
          .upload_idle_seconds = defaults_.upload_idle_seconds,
          .created_ms = clock_()};
}

rt::Task<rt::Result<bool>> Tenants::bootstrap(std::function<rt::Status(const NewKey&)> save) {
  if (!snapshot()->tenants.empty()) co_return false;
  const Tenant tenant = make_tenant("default", "Default");
  const NewKey made = make_key(tenant.id, "admin", kAllScopes);
  auto saved = save(made);
  if (!saved) co_return rt::pass(saved);
  store::Transaction transaction;
  put_tenant(transaction, tenant);
  put_key(transaction, made);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  change([&](Snapshot& fresh) {
    fresh.tenants[tenant.id] = tenant;
    fresh.add({made.key, digest_of(made.bearer)});
  });
  co_return true;
}

rt::Result<Principal> Tenants::authenticate(std::string_view bearer) const {
  if (bearer.size() > kBearerMaxChars) return wrong_key();
  if (bearer.starts_with(kTokenPrefix)) return authenticate_token(bearer);
  const auto now = snapshot();
  const ApiKey* key = now->find_bearer(digest_of(bearer));
  if (!key) return wrong_key();
  return principal_of(*key);
}

rt::Result<Principal> Tenants::authenticate_token(std::string_view token) const {
  const auto content = read_token(secret_, token);
  if (!content) return wrong_key();
  if (content->expires_ms <= clock_()) return rt::fail(Code::kUnauthenticated, "the token has expired");
  const auto now = snapshot();
  const ApiKey* key = now->find_key(content->key_id);
  if (!key) return rt::fail(Code::kUnauthenticated, "the token's key was revoked");
  Principal principal = principal_of(*key);
  principal.scopes &= content->scopes;
  return principal;
}

std::string Tenants::capability(std::string_view key_id, std::string_view subject) const {
  return write_capability(secret_, key_id, subject);
}

rt::Result<Principal> Tenants::authenticate_capability(std::string_view capability, std::string_view subject) const {
  const auto key_id = read_capability(secret_, capability, subject);
  const auto now = snapshot();
  const ApiKey* key = key_id ? now->find_key(*key_id) : nullptr;
  if (!key) return rt::fail(Code::kUnauthenticated, "the address is not signed, or its key was revoked");
  return principal_of(*key);
}

AccessKey Tenants::derive(const ApiKey& key) const {
  const auto mac = http::hmac_sha256(secret_, bytes_of("s3:" + key.access_key_id));
  return {.id = key.access_key_id, .secret = http::base64(mac), .principal = principal_of(key)};
}

rt::Result<AccessKey> Tenants::access_key(std::string_view access_key_id) const {
  const auto now = snapshot();
  const auto found = now->key_of_access_key_id.find(access_key_id);
  if (found == now->key_of_access_key_id.end()) {
    return rt::fail(Code::kUnauthenticated, "the access key id is not known");
  }
  return derive(*now->find_key(found->second));
}

rt::Result<AccessKey> Tenants::access_key_of(std::string_view key_id) const {
  const auto now = snapshot();
  const ApiKey* key = now->find_key(key_id);
  if (!key) return wrong_key();
  return derive(*key);
}

UploadKey Tenants::upload_key(const Principal& principal, std::string_view upload_id) const {
  return make_upload_key(secret_,
                         {.tenant = principal.tenant, .key_id = principal.key_id, .upload_id = std::string(upload_id)});
}

rt::Result<UploadAccess> Tenants::upload_access(std::string_view access_key_id, std::string_view session_token) const {
  const auto content = read_session_token(secret_, access_key_id, session_token);
  if (!content) return rt::fail(Code::kUnauthenticated, "the session token is not valid");
  const auto now = snapshot();
  const ApiKey* key = now->find_key(content->key_id);
  if (!key) return rt::fail(Code::kUnauthenticated, "the API key these credentials were made with was revoked");
  UploadAccess access{.secret = make_upload_key(secret_, *content).secret_access_key,
                      .principal = principal_of(*key),
                      .upload_id = content->upload_id};
  access.principal.scopes &= static_cast<Scopes>(Scope::kUploads);
  return access;
}

rt::Result<Principal> Tenants::authenticate_client(std::string_view client_id, std::string_view client_secret) const {
  if (auto access = access_key(client_id)) {
    if (!http::constant_time_equal(access->secret, client_secret)) return wrong_key();
    return access->principal;
  }
  if (!client_secret.starts_with(kBearerPrefix)) return wrong_key();
  auto principal = authenticate(client_secret);
  if (!principal || principal->key_id != client_id) return wrong_key();
  return principal;
}

rt::Result<Token> Tenants::issue_token(std::string_view client_id, std::string_view client_secret,
                                       std::optional<std::string_view> tenant) const {
  auto principal = authenticate_client(client_id, client_secret);
  if (!principal) return rt::pass(principal);
  if (tenant && *tenant != principal->tenant) return wrong_key();
  const TokenContent content{
      .key_id = principal->key_id, .scopes = principal->scopes, .expires_ms = clock_() + kTokenLifetimeSeconds * 1000};
  return Token{
      .bearer = write_token(secret_, content), .expires_in_seconds = kTokenLifetimeSeconds, .scopes = content.scopes};
}

NewKey Tenants::make_key(std::string tenant, std::string name, Scopes scopes) const {
  NewKey made;
  made.bearer = std::string(kBearerPrefix) + http::random_hex(kBearerRandomBytes);
  made.key = {.id = new_uuid(),
              .tenant = std::move(tenant),
              .name = std::move(name),
              .prefix = made.bearer.substr(0, kBearerShownChars),
              .access_key_id = new_access_key_id(),
              .scopes = scopes,
              .created_ms = clock_()};
  made.secret_access_key = derive(made.key).secret;
  return made;
}

rt::Task<rt::Result<NewKey>> Tenants::create_key(std::string tenant, std::string name, Scopes scopes) {
  if (!snapshot()->tenants.contains(tenant)) co_return rt::fail(Code::kNotFound, "no such tenant");
  if (name.empty() || name.size() > kNameMaxBytes) {
    co_return rt::fail(Code::kInvalid, "a key's name has 1 to 256 bytes", "name");
  }
  if (scopes == 0 || (scopes & ~kAllScopes) != 0) co_return rt::fail(Code::kInvalid, "unknown or no scopes", "scopes");
  NewKey made = make_key(std::move(tenant), std::move(name), scopes);
  store::Transaction transaction;
  put_key(transaction, made);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  change([&](Snapshot& fresh) { fresh.add({made.key, digest_of(made.bearer)}); });
  co_return made;
}

std::vector<ApiKey> Tenants::keys(std::string_view tenant) const {
  std::vector<ApiKey> found;
  const auto now = snapshot();
  for (const auto& [id, stored] : now->keys) {
    if (stored.key.tenant == tenant) found.push_back(stored.key);
  }
  std::ranges::sort(found, std::greater(), [](const ApiKey& key) { return std::pair(key.created_ms, key.id); });
  return found;
}

rt::Task<rt::Status> Tenants::revoke_key(std::string tenant, std::string key_id) {
  const auto now = snapshot();
  const ApiKey* key = now->find_key(key_id);
  if (!key || key->tenant != tenant) co_return rt::fail(Code::kNotFound, "no such key");
  store::Transaction transaction;
  transaction.erase(keys::api_key(tenant, key_id));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  change([&](Snapshot& fresh) { fresh.remove(key_id); });
  co_return rt::Status{};
}

rt::Result<Tenant> Tenants::tenant(std::string_view id) const {
  const auto now = snapshot();
  const auto found = now->tenants.find(id);
  if (found == now->tenants.end()) return rt::fail(Code::kNotFound, "no such tenant");
  Tenant shown = found->second;
  const std::uint64_t most = defaults_.upload_max_bytes;
  if (most > 0 && (shown.upload_max_bytes == 0 || shown.upload_max_bytes > most)) shown.upload_max_bytes = most;
  return shown;
}

rt::Task<rt::Result<Tenant>> Tenants::create(std::string id, std::string name) {
  if (!valid_tenant_id(id)) {
    co_return rt::fail(Code::kInvalid, "a tenant's id has 1 to 63 lower-case letters, digits and '-'", "id");
  }
  if (name.size() > kNameMaxBytes) co_return rt::fail(Code::kInvalid, "the name is too long", "name");
  const Tenant tenant = make_tenant(std::move(id), std::move(name));
  store::Transaction transaction;
  put_tenant(transaction, tenant);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed && committed.error().code == Code::kConflict) {
    auto shown = co_await show_existing(tenant.id);
    if (!shown) co_return rt::pass(shown);
    co_return rt::fail(Code::kConflict, "the tenant exists already", "id");
  }
  if (!committed) co_return rt::pass(committed);
  show(tenant);
  co_return tenant;
}

rt::Task<rt::Result<Tenant>> Tenants::update(Tenant wanted) {
  const auto before = tenant(wanted.id);
  if (!before) co_return before;
  if (wanted.name.size() > kNameMaxBytes) co_return rt::fail(Code::kInvalid, "the name is too long", "name");
  if (wanted.upload_idle_seconds <= 0) co_return rt::fail(Code::kInvalid, "must be positive", "uploadIdleSeconds");
  wanted.default_channel_id = before->default_channel_id;
  wanted.created_ms = before->created_ms;
  // What tenant() shows of the configuration is not the tenant's own.
  if (wanted.upload_max_bytes == defaults_.upload_max_bytes) wanted.upload_max_bytes = 0;
  store::Transaction transaction;
  transaction.put(keys::tenant(wanted.id), encode(wanted));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  change([&](Snapshot& fresh) { fresh.tenants[wanted.id] = wanted; });
  co_return wanted;
}

}  // namespace millrace::media
