// An archive of stored files as the body of a response, made while it is sent: what belongs to the archive is written
// as it comes up, the files come from the store as they lie there.
#pragma once

#include <memory>

#include "media/downloads/downloads.h"
#include "server/http/message.h"
#include "server/http/range.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::handlers {

// Makes a range of the package's archive the body. As set_object_body(): damage of the first bytes is an error with a
// status of its own. Who has begun to read reads on when the download is removed or expires, but for the files it has
// not come to.
rt::Task<rt::Status> set_archive_body(http::Response& response, store::Store& store,
                                      std::shared_ptr<const media::Package> package, http::ByteRange range);

}  // namespace millrace::handlers
