// A page of videos as this door's clients know pages: `data`, `links` to other pages, `meta` with the numbers.
#pragma once

#include <string>

#include <string>
#include <vector>

#include "media/catalog/media.h"
#include "media/records/listing.h"
#include "server/http/message.h"
#include "server/http/url.h"

namespace millrace::handlers::client_v1 {

// `rows`: its items as JSON. `here` is the address of the list, `query` what it was asked with.
http::Response page_response(const media::Page<media::Media>& page, const std::vector<std::string>& rows,
                             const std::string& here, const http::Pairs& query);

}  // namespace millrace::handlers::client_v1
