// From the configuration to what each part takes: one function per part, no decisions.
#pragma once

#include "handlers/services.h"
#include "media/downloads/downloads.h"
#include "media/imports/importer.h"
#include "media/tenants/rate_limit.h"
#include "media/tenants/tenants.h"
#include "server/h1/limits.h"
#include "server/h2/limits.h"
#include "server/net/listener.h"
#include "server/ops/config.h"
#include "store/store.h"

namespace millrace {

store::Options store_options(const ops::Config& config);
media::TenantDefaults tenant_defaults(const ops::Config& config);
handlers::Settings handler_settings(const ops::Config& config, const net::Networks& trusted);
media::DownloadLimits download_limits(const ops::Config& config);
media::Rate tenant_rate(const ops::Config& config);
media::Rate bad_key_rate(const ops::Config& config);
h1::Limits h1_limits(const ops::Config& config);
h2::Limits h2_limits(const ops::Config& config);
media::ImporterLimits importer_limits(const ops::Config& config);
net::ListenerLimits listener_limits(const ops::Config& config);

}  // namespace millrace
