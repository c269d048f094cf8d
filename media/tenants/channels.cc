#include "media/tenants/channels.h"

#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/select.h"

namespace millrace::media {
namespace {

constexpr Field<Channel> kFields[] = {
    {"title", [](const Channel& channel) { return channel.title; }},
    {"name", [](const Channel& channel) { return channel.title; }},
    {"createdAt", [](const Channel& channel) { return keys::ordered(channel.created_ms); }, false},
};

rt::Result<Channel> decode(const store::Record& record) { return decode_channel(record.value); }

}  // namespace

rt::Task<rt::Result<Channel>> Channels::create(std::string tenant, std::string title) {
  auto good = check_text(title, {"a channel's name", "title", 1, kTitleMaxBytes});
  if (!good) co_return rt::pass(good);
  Channel channel{.id = new_uuid(), .tenant = std::move(tenant), .title = std::move(title), .created_ms = clock_()};
  store::Transaction transaction;
  transaction.put(keys::channel(channel.tenant, channel.id), encode(channel));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return channel;
}

rt::Task<rt::Result<Channel>> Channels::get(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::channel(tenant, id), "channel");
  if (!record) co_return rt::pass(record);
  co_return decode(*record);
}

rt::Task<rt::Result<Page<Channel>>> Channels::list(std::string tenant, Query query) {
  auto all = co_await load_all<Channel>(store_, keys::channels(tenant), decode);
  if (!all) co_return rt::pass(all);
  co_return select<Channel>(std::move(*all), query, kFields);
}

}  // namespace millrace::media
