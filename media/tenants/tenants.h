// Tenants: who may use the server and with which keys. All tenants and keys are held in memory as one immutable
// snapshot that a change replaces, so authenticating touches neither disk nor store; the truth is in the records.
// A key is one record with two faces: a bearer (`sk-…`, stored as its SHA-256 only) and an S3 access key, whose secret
// is derived from the server secret. Revoking it ends both, and every token issued from it. Any thread, any loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/records/clock.h"
#include "media/tenants/principal.h"
#include "media/tenants/secret.h"
#include "media/uploads/upload_keys.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class MeteredStore;

inline constexpr std::int64_t kTokenLifetimeSeconds = 57'600;  // 16 h

struct Tenant {
  std::string id;
  std::string name;
  std::string default_channel_id;
  bool duplicate_check = false;
  std::uint64_t upload_max_bytes = 0;          // of one file; 0: as configured, which is also the most
  std::int64_t upload_idle_seconds = 604'800;  // a week
  std::uint64_t quota_bytes = 0;               // of all it keeps; 0: as configured
  std::uint64_t encode_minutes_per_month = 0;  // encode_minutes.h; 0: as configured
  std::int64_t created_ms = 0;
};

// What a new tenant starts with.
struct TenantDefaults {
  bool duplicate_check = false;
  std::uint64_t upload_max_bytes = 0;          // of every tenant, not of new ones alone; 0: no limit
  std::int64_t upload_idle_seconds = 604'800;  // a week
  std::uint64_t quota_bytes = 0;               // of whoever has none of its own, not of new ones alone; 0: no limit
  std::uint64_t encode_minutes_per_month = 0;  // likewise
  bool encodes = true;                         // off: nothing is encoded, so no tenant's minutes are a limit
};

struct ApiKey {
  std::string id;
  std::string tenant;
  std::string name;
  std::string prefix;  // the first characters of the bearer, to recognise it in lists
  std::string access_key_id;
  Scopes scopes = 0;
  std::int64_t created_ms = 0;
};

// What is shown once, when a key is made.
struct NewKey {
  ApiKey key;
  std::string bearer;  // sk-…
  std::string secret_access_key;
};

struct AccessKey {
  std::string id;
  std::string secret;
  Principal principal;
};

struct Token {
  std::string bearer;
  std::int64_t expires_in_seconds = 0;
  Scopes scopes = 0;
};

class Tenants {
 public:
  // Reads all tenants and keys. The store outlives the service.
  static rt::Task<rt::Result<std::unique_ptr<Tenants>>> open(store::Store& store, ServerSecret secret,
                                                             TenantDefaults defaults = {},
                                                             Clock clock = system_clock_ms);
  ~Tenants();

  // On a store without tenants: makes tenant `default` with its default channel and a key with all scopes. `save` gets
  // the key before the commit, so a crash between the two never leaves a store whose key nobody has. False when there
  // are tenants already.
  rt::Task<rt::Result<bool>> bootstrap(std::function<rt::Status(const NewKey&)> save);

  // A key or a token to its principal: kUnauthenticated when unknown, expired or revoked.
  rt::Result<Principal> authenticate(std::string_view bearer) const;
  // The secret and owner of an S3 access key: kUnauthenticated when unknown.
  rt::Result<AccessKey> access_key(std::string_view access_key_id) const;
  // The access key that belongs to an API key, for presigning on behalf of a principal.
  rt::Result<AccessKey> access_key_of(std::string_view key_id) const;
  // Lets whoever has it do what `subject` names on behalf of this key, until the key is revoked.
  std::string capability(std::string_view key_id, std::string_view subject) const;
  // Who gave it: kUnauthenticated unless it is for this subject and its key is still good.
  rt::Result<Principal> authenticate_capability(std::string_view capability, std::string_view subject) const;
  // Temporary S3 credentials for one upload of the principal's tenant.
  UploadKey upload_key(const Principal& principal, std::string_view upload_id) const;
  // Whom they let in: kUnauthenticated when they are not ours or their API key was revoked. What they may do, and
  // whether they still may, is check_upload_access()'s.
  rt::Result<UploadAccess> upload_access(std::string_view access_key_id, std::string_view session_token) const;
  // Text that comes back from outside unchanged (signed_text.h); `purpose` as there.
  std::string sign(std::string_view purpose, std::string_view text) const;
  std::optional<std::string> read_signed(std::string_view purpose, std::string_view signed_text) const;
  // OAuth client credentials: (access key id, its secret) or (key id, bearer); the tenant's name when the path names
  // it.
  rt::Result<Token> issue_token(std::string_view client_id, std::string_view client_secret,
                                std::optional<std::string_view> tenant = std::nullopt) const;

  rt::Task<rt::Result<NewKey>> create_key(std::string tenant, std::string name, Scopes scopes);
  // Newest first.
  std::vector<ApiKey> keys(std::string_view tenant) const;
  rt::Task<rt::Status> revoke_key(std::string tenant, std::string key_id);

  rt::Result<Tenant> tenant(std::string_view id) const;
  // Ids: lower-case letters, digits and '-', 1 to 63 long. Makes the default channel too. kConflict when it exists: it
  // can then be used, also when another call has only just made it.
  rt::Task<rt::Result<Tenant>> create(std::string id, std::string name);
  // Before the first upload: who counts what every tenant keeps. It then asks here for their quotas.
  void meter(MeteredStore& store);
  // kQuotaExceeded when so many bytes more would be more than the tenant may keep.
  rt::Status check_room(std::string_view tenant, std::uint64_t more_bytes) const;
  // 0: no limit, or no such tenant.
  std::uint64_t quota_bytes(std::string_view tenant) const;
  // Likewise.
  std::uint64_t encode_minutes_per_month(std::string_view tenant) const;

  // Changes name, switches and limits; id, default channel and creation stay.
  rt::Task<rt::Result<Tenant>> update(Tenant wanted);

 private:
  struct Snapshot;
  Tenants(store::Store& store, ServerSecret secret, TenantDefaults defaults, Clock clock);
  rt::Task<rt::Status> load();
  Tenant make_tenant(std::string id, std::string name) const;
  std::shared_ptr<const Snapshot> snapshot() const;
  void change(const std::function<void(Snapshot&)>& edit);
  void show(const Tenant& tenant);
  rt::Task<rt::Status> show_existing(std::string id);
  rt::Result<Principal> authenticate_token(std::string_view token) const;
  AccessKey derive(const ApiKey& key) const;
  NewKey make_key(std::string tenant, std::string name, Scopes scopes) const;
  rt::Result<Principal> authenticate_client(std::string_view client_id, std::string_view client_secret) const;

  store::Store& store_;
  const ServerSecret secret_;
  const TenantDefaults defaults_;
  const Clock clock_;
  MeteredStore* meter_ = nullptr;
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
};

}  // namespace millrace::media
