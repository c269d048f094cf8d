// How far an upload is, its end by the sender's wish, its bytes once it is a media, and what the door can do.
#pragma once

#include "handlers/tus/endpoint.h"

namespace millrace::handlers::tus {

// OPTIONS, for anybody.
rt::Task<http::Response> tell_abilities(Services&, http::Exchange&);
// HEAD; asks whether the file is whole, too, so it evicts a transfer that may be dead.
Answer head(Services&, http::Exchange&, Caller);
// DELETE: cancels, and keeps the media of a completed one.
Answer terminate(Services&, http::Exchange&, Caller);
// GET: the bytes of the media; not by a signed address, which is for sending.
Answer download(Services&, http::Exchange&, media::Principal);
// POST with X-HTTP-Method-Override: PATCH, HEAD or DELETE from where only POST gets through.
Answer overridden(Services&, http::Exchange&, Caller);

}  // namespace millrace::handlers::tus
