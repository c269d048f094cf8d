#include "server/app.h"

#include <algorithm>
#include <thread>

#include "handlers/gateway.h"
#include "media/domain.h"
#include "media/jail/jail.h"
#include "media/processing/pipeline.h"
#include "media/processing/transcribe.h"
#include "media/records/watched_store.h"
#include "media/tenants/metered_store.h"
#include "server/app_background.h"
#include "server/app_events.h"
#include "server/app_limits.h"
#include "server/app_metrics.h"
#include "server/app_outbound.h"
#include "server/app_processing.h"
#include "server/h1/session.h"
#include "server/h2/session.h"
#include "server/http/json.h"
#include "server/ops/recorder.h"
#include "store/disk.h"

namespace millrace {
namespace {

using ops::Level;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

// One loop with its thread and what serves on it.
struct Lane {
  Lane(ops::Log& log, const ops::Metrics& metrics, ops::LoopMetrics& counts, http::Service& gateway, rt::Budget& budget,
       const ops::Config& config, h2::Stats& h2_stats)
      : pool(rt::BlockPool::make(budget)),
        request_log(log),
        recorder(gateway, metrics, counts, config.log.requests ? &request_log : nullptr),
        h1_limits(millrace::h1_limits(config)),
        h2(recorder, h2_limits(config), budget, h2_stats) {}

  net::SessionFactory sessions() {
    return [this](net::Transport& transport, net::Wire wire) -> std::unique_ptr<net::Session> {
      if (wire == net::Wire::kHttp2) return std::make_unique<h2::Session>(transport, h2);
      return std::make_unique<h1::Session>(transport, recorder, h1_limits);
    };
  }

  rt::Loop loop;
  std::shared_ptr<rt::BlockPool> pool;
  ops::RequestLog request_log;
  ops::Recorder recorder;
  const h1::Limits h1_limits;
  h2::Context h2;
  std::vector<std::unique_ptr<net::Listener>> listeners;
  std::thread thread;
};

std::size_t loop_count(const ops::Config& config) {
  if (config.server.loops > 0) return static_cast<std::size_t>(config.server.loops);
  return std::max(1u, std::thread::hardware_concurrency());
}

// Runs on the lane's loop: its last task, after which the loop ends.
rt::Task<void> drain_lane(Lane& lane, Background* background, milliseconds limit) {
  if (background) background->stop();
  rt::Scope scope;
  for (auto& listener : lane.listeners) scope.spawn(listener->stop(limit));
  co_await scope.join();
  lane.listeners.clear();
  lane.pool->rest();
  rt::Loop::current().stop();
}

// The client goes last: what uses it must hear from the job queue that the server stops, not from a failed request.
rt::Task<void> run_background(Background& background, outbound::Client& client) {
  co_await background.run();
  client.stop();
}

rt::Status save_admin_key(const fs::path& file, const media::NewKey& key) {
  http::JsonWriter json;
  json.begin_object().member("tenant", key.key.tenant).member("key", key.bearer);
  json.member("accessKeyId", key.key.access_key_id).member("secretAccessKey", key.secret_access_key).end_object();
  return media::write_private_file(file, json.take() + "\n");
}

}  // namespace

// In the order they are made; taken down in the reverse.
struct App::Parts {
  Parts(const ops::Config& c, ops::Log& l)
      : config(c),
        log(l),
        data(fs::absolute(c.store.directory)),
        disk(store::posix_disk()),
        budget(static_cast<std::size_t>(c.memory.budget_bytes)),
        io(static_cast<std::size_t>(c.server.io_threads)),
        jail(c.media.jail, jail_priority(c)) {}

  rt::Status open_store();
  rt::Status open_domain();
  rt::Status open_tenants();
  void make_services(const net::Networks& trusted);
  void make_metrics();
  rt::Status listen(const net::Networks& trusted);
  rt::Result<std::string> listen_on(const std::string& address, const net::ListenerSetup& setup);
  rt::Status load_certificate();
  void run_lanes(std::function<void()> on_loop_end);

  const ops::Config config;
  ops::Log& log;
  const fs::path data;
  std::unique_ptr<store::Disk> disk;
  rt::Budget budget;
  rt::TextShare text{budget};
  rt::Pool io;
  std::unique_ptr<store::Store> disk_store;
  std::unique_ptr<media::MeteredStore> metered;
  std::unique_ptr<media::WatchedStore> store;
  std::unique_ptr<media::Tenants> tenants;
  std::unique_ptr<media::Domain> domain;
  std::unique_ptr<Outbound> outbound;
  std::unique_ptr<AppEvents> events;
  media::Jail jail;
  std::unique_ptr<media::Workshop> workshop;
  std::unique_ptr<media::Transcriber> transcriber;
  std::unique_ptr<handlers::Services> services;
  std::unique_ptr<handlers::Gateway> gateway;
  std::unique_ptr<ops::Metrics> metrics;
  net::ListenerStats listener_stats;
  h2::Stats h2_stats;
  std::shared_ptr<net::TlsContext> tls;
  ops::Whereabouts whereabouts;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::unique_ptr<Background> background;
  std::atomic<std::size_t> lanes_running{0};
};

rt::Status App::Parts::open_store() {
  std::error_code error;
  fs::create_directories(data, error);
  if (error) return rt::fail(rt::Code::kIo, data.string() + ": " + error.message());
  auto opened = store::Store::open(store_options(config), *disk, budget, io);
  if (!opened) return rt::pass(opened);
  disk_store = std::move(*opened);
  disk_store->on_damage(
      [this](std::string what) { log.write(Level::kError, "stored bytes are damaged", {{"what", what}}); });
  metered = std::make_unique<media::MeteredStore>(*disk_store);
  store = std::make_unique<media::WatchedStore>(*metered);
  return rt::run_until_done(metered->count());
}

rt::Status App::Parts::open_tenants() {
  auto secret = media::load_server_secret(data / "server-secret");
  if (!secret) return rt::pass(secret);
  auto opened = rt::run_until_done(media::Tenants::open(*store, *secret, tenant_defaults(config)));
  if (!opened) return rt::pass(opened);
  tenants = std::move(*opened);
  tenants->meter(*metered);
  const fs::path file = data / "admin-key.json";
  auto made =
      rt::run_until_done(tenants->bootstrap([&](const media::NewKey& key) { return save_admin_key(file, key); }));
  if (!made) return rt::pass(made);
  if (*made) log.write(Level::kInfo, "a first tenant was made", {{"admin_key", file.string()}});
  return {};
}

rt::Status App::Parts::open_domain() {
  if (auto opened = open_tenants(); !opened) return opened;
  domain = std::make_unique<media::Domain>(*store, *tenants);
  auto made = make_outbound(config, *domain, budget);
  if (!made) return rt::pass(made);
  outbound = std::move(*made);
  events = std::make_unique<AppEvents>(config, *domain, *store, outbound->policy, log);
  domain->downloads.limit(download_limits(config));
  workshop = std::make_unique<media::Workshop>(*store, *tenants, domain->jobs, jail, io, budget, data / "jobs",
                                               processing_options(config));
  add_pipeline(domain->jobs, *workshop, pipeline_limits(config));
  transcriber = std::make_unique<media::Transcriber>(domain->jobs, domain->catalog, domain->transcription, jail,
                                                     workshop->workspace, transcribe_options(config));
  media::JobKind kind = transcriber->kind();
  kind.attempts_max = static_cast<std::uint32_t>(config.media.job_attempts_max);
  domain->jobs.add_kind(std::string(media::kTranscribeKind), std::move(kind));
  return {};
}

void App::Parts::make_services(const net::Networks& trusted) {
  services = std::make_unique<handlers::Services>(*domain, text);
  services->settings = handler_settings(config, trusted);
  services->limits.tenant_rate = tenant_rate(config);
  services->limits.bad_key_rate = bad_key_rate(config);
  services->metrics_text = [this] { return metrics->render(); };
  gateway = std::make_unique<handlers::Gateway>(*services);
}

void App::Parts::make_metrics() {
  metrics = std::make_unique<ops::Metrics>(loop_count(config), gateway->patterns());
  metrics->add_source([this](std::vector<ops::Sample>& samples) {
    add_store_samples(samples, *store);
    add_memory_samples(samples, budget);
    add_connection_samples(samples, listener_stats, h2_stats);
    add_process_samples(samples);
  });
}

rt::Status App::Parts::load_certificate() {
  net::TlsFiles files{config.tls.certificate, config.tls.key};
  if (files.certificate.empty()) {
    auto made = net::development_certificate(data / "tls");
    if (!made) return rt::pass(made);
    files = std::move(*made);
  }
  auto loaded = net::TlsContext::load(std::move(files));
  if (!loaded) return rt::pass(loaded);
  tls = std::move(*loaded);
  return {};
}

rt::Result<std::string> App::Parts::listen_on(const std::string& address, const net::ListenerSetup& setup) {
  auto sockets = net::listen_on(address, lanes.size(), static_cast<int>(config.server.backlog));
  if (!sockets) return rt::pass(sockets);
  std::string bound = sockets->front().address();
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    Lane& lane = *lanes[i];
    lane.listeners.push_back(
        std::make_unique<net::Listener>(std::move((*sockets)[i]), setup, lane.pool, lane.sessions(), listener_stats));
  }
  return bound;
}

rt::Status App::Parts::listen(const net::Networks& trusted) {
  for (std::size_t i = 0; i < loop_count(config); ++i) {
    lanes.push_back(std::make_unique<Lane>(log, *metrics, metrics->of_loop(i), *gateway, budget, config, h2_stats));
  }
  net::ListenerSetup setup{listener_limits(config), nullptr, config.proxy.protocol, trusted};
  auto clear = listen_on(config.server.listen, setup);
  if (!clear) return rt::pass(clear);
  whereabouts.listen = *clear;
  if (config.server.tls_listen.empty()) return {};
  if (auto loaded = load_certificate(); !loaded) return loaded;
  setup.tls = tls;
  auto encrypted = listen_on(config.server.tls_listen, setup);
  if (!encrypted) return rt::pass(encrypted);
  whereabouts.tls = *encrypted;
  return {};
}

void App::Parts::run_lanes(std::function<void()> on_loop_end) {
  background =
      std::make_unique<Background>(*domain, jail, *events, log, std::chrono::seconds(config.uploads.sweep_seconds));
  lanes.front()->loop.post([this] { rt::Loop::current().spawn(run_background(*background, outbound->client)); });
  lanes_running = lanes.size();
  for (auto& lane : lanes) {
    lane->loop.post([&each = *lane] {
      for (auto& listener : each.listeners) listener->start();
    });
    lane->thread = std::thread([this, &each = *lane, on_loop_end] {
      each.loop.run();
      lanes_running.fetch_sub(1);
      on_loop_end();
    });
  }
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

rt::Result<std::unique_ptr<App>> App::start(const ops::Config& config, ops::Log& log,
                                            std::function<void()> on_loop_end) {
  auto parts = std::make_unique<Parts>(config, log);
  auto trusted = net::Networks::parse(config.proxy.trusted);
  if (!trusted) return rt::pass(trusted);
  if (auto opened = parts->open_store(); !opened) return rt::pass(opened);
  if (auto opened = parts->open_domain(); !opened) return rt::pass(opened);
  parts->make_services(*trusted);
  parts->make_metrics();
  if (auto listening = parts->listen(*trusted); !listening) return rt::pass(listening);
  parts->run_lanes(std::move(on_loop_end));
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::~App() {
  for (auto& lane : parts_->lanes) lane->thread.join();
}

const ops::Whereabouts& App::whereabouts() const noexcept { return parts_->whereabouts; }

rt::Status App::reload() { return parts_->tls ? parts_->tls->reload() : rt::Status(); }

void App::drain() {
  parts_->services->draining = true;
  const milliseconds limit(parts_->config.server.drain_ms);
  Background* background = parts_->background.get();
  for (auto& lane : parts_->lanes) {
    lane->loop.post([&each = *lane, background = std::exchange(background, nullptr), limit] {
      rt::Loop::current().spawn(drain_lane(each, background, limit));
    });
  }
}

bool App::drained() const noexcept { return parts_->lanes_running.load() == 0; }

}  // namespace millrace
