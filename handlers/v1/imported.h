// Videos that we still fetch from a URL: to this door they are videos from the beginning, `preparing` while their bytes
// come and `errored` when those could not be had, though there is no media yet.
#pragma once

#include <optional>
#include <string>

#include "handlers/endpoint.h"
#include "media/catalog/catalog.h"

namespace millrace::handlers::v1 {

// 201 with the video.
Answer import_video(Services&, http::Exchange&, media::Principal);

// By the digits of its id; kNotFound when nothing by that id is being fetched.
rt::Task<rt::Result<media::Media>> find_imported(Services& services, std::string tenant, std::string digits);
// One page of the list with them in their places; `batch` is what the catalog has after `mark`.
rt::Task<rt::Result<media::MediaBatch>> with_imported(Services& services, std::string tenant,
                                                      std::optional<media::MediaMark> mark, std::uint32_t limit,
                                                      media::MediaFilter wanted, media::MediaBatch batch);
// Gives it up, and forgets that it failed.
rt::Task<rt::Status> drop_imported(Services& services, std::string tenant, std::string digits);

}  // namespace millrace::handlers::v1
