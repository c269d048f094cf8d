// The v2 door's downloads: packages of media, renditions and transcripts, for callers with a key; one public rendition
// for anybody. Who knows the address of the file gets the bytes.
#pragma once

#include "handlers/endpoint.h"

namespace millrace::handlers::v2 {

Answer create_download(Services&, http::Exchange&, media::Principal);
Answer create_download_for_nobody(Services&, http::Exchange&);
Answer list_downloads(Services&, http::Exchange&, media::Principal);
Answer get_download(Services&, http::Exchange&, media::Principal);
Answer get_download_of_nobody(Services&, http::Exchange&);
Answer delete_download(Services&, http::Exchange&, media::Principal);
// GET and HEAD.
Answer get_download_file(Services&, http::Exchange&);

}  // namespace millrace::handlers::v2
