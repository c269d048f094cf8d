// Domain: every service of one store, each made after those it stands on. What runs by itself (jobs and their kinds) is
// wired by the server.
#pragma once

#include "media/buckets/buckets.h"
#include "media/buckets/multiparts.h"
#include "media/catalog/catalog.h"
#include "media/downloads/downloads.h"
#include "media/events/events.h"
#include "media/events/webhooks.h"
#include "media/imports/imports.h"
#include "media/jobs/jobs.h"
#include "media/playback/playback.h"
#include "media/processing/processing.h"
#include "media/records/clock.h"
#include "media/renditions/renditions.h"
#include "media/tenants/channels.h"
#include "media/tenants/tenants.h"
#include "media/transcripts/transcription.h"
#include "media/transcripts/transcripts.h"
#include "media/uploads/uploads.h"
#include "store/store.h"

namespace millrace::media {

struct Domain {
  // Both outlive it.
  Domain(store::Store& of, Tenants& owners, Clock clock = system_clock_ms)
      : store(of),
        tenants(owners),
        channels(store, clock),
        catalog(store, clock),
        jobs(store, clock),
        uploads(store, tenants, jobs, clock),
        buckets(store, tenants, uploads.incoming(), clock),
        multiparts(store, tenants, uploads.incoming(), clock),
        processing(store, tenants, jobs, clock),
        renditions(store),
        transcripts(store),
        transcription(store, jobs, clock),
        playback(store, tenants, renditions, clock),
        imports(store, uploads, jobs, clock),
        downloads({store, catalog, renditions, transcripts}, clock),
        events(store, clock),
        webhooks(store, clock) {}

  store::Store& store;
  Tenants& tenants;
  Channels channels;
  Catalog catalog;
  Jobs jobs;
  Uploads uploads;
  Buckets buckets;
  Multiparts multiparts;
  Processing processing;
  Renditions renditions;
  Transcripts transcripts;
  Transcription transcription;
  Playback playback;
  Imports imports;
  Downloads downloads;
  Events events;
  Webhooks webhooks;
};

}  // namespace millrace::media
