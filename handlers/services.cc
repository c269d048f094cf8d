#include "handlers/services.h"

#include "media/domain.h"

namespace millrace::handlers {

Services::Services(media::Domain& domain, rt::TextShare& share)
    : store(domain.store),
      tenants(domain.tenants),
      channels(domain.channels),
      uploads(domain.uploads),
      catalog(domain.catalog),
      buckets(domain.buckets),
      multiparts(domain.multiparts),
      processing(domain.processing),
      renditions(domain.renditions),
      transcripts(domain.transcripts),
      transcription(domain.transcription),
      playback(domain.playback),
      imports(domain.imports),
      downloads(domain.downloads),
      events(domain.events),
      webhooks(domain.webhooks),
      text(share) {}

}  // namespace millrace::handlers
