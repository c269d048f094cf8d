// The fields of another server's answer to an import: any text, none may crash, and what is believed must hold.
#include <cstdlib>
#include <string>
#include <string_view>

#include "media/imports/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace millrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto range = media::parse_content_range(text)) {
    if (range->first && range->total && *range->first >= *range->total) std::abort();
    if (!range->first && !range->total) std::abort();
  }
  const std::string name = media::disposition_file_name(text);
  if (name.find_first_of("/\\") != std::string::npos || name == "..") std::abort();
  const std::string value(text);
  for (const int status : {200, 206, 416, 503}) {
    outbound::Head head{status,
                        {{"content-range", value},
                         {"content-disposition", value},
                         {"etag", value},
                         {"content-length", value},
                         {"content-type", value},
                         {"retry-after", value}},
                        {}};
    (void)media::judge(head, 5);
  }
  return 0;
}
