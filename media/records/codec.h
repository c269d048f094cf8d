// Records to bytes and back (media.proto). Decoding refuses bytes that are no such record and enumerations it does not
// know with kDamaged: a record that this version cannot read must not be written back by it. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/tenants/channels.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

// An API key with what is never shown.
struct StoredKey {
  ApiKey key;
  std::string bearer_sha256;  // 32 raw bytes
};

std::string encode(const Tenant& tenant);
std::string encode(const StoredKey& key);
std::string encode(const Channel& channel);
std::string encode(const Upload& upload);
std::string encode(const Media& media);
std::string encode(const Job& job);

rt::Result<Tenant> decode_tenant(std::string_view bytes);
rt::Result<StoredKey> decode_key(std::string_view bytes);
rt::Result<Channel> decode_channel(std::string_view bytes);
// These carry the record's revision.
rt::Result<Upload> decode_upload(const store::Record& record);
rt::Result<Media> decode_media(const store::Record& record);
rt::Result<Job> decode_job(const store::Record& record);

}  // namespace millrace::media
