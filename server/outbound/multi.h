// Multi: libcurl's multi interface on one loop, driven by the loop's polls and a timer. Its callbacks only move bytes
// and set flags; who waits is resumed by the loop later, so a handle is never removed inside a callback of libcurl.
#pragma once

#include <curl/curl.h>

#include "server/rt/timer.h"

namespace millrace::outbound {

class Multi {
 public:
  // What a handle's CURLOPT_PRIVATE points to.
  class Handle {
   public:
    virtual void ended(CURLcode code) = 0;

   protected:
    ~Handle() = default;
  };

  // On the loop it will run on; destroyed there too, when no handle is left in it.
  Multi();
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  void add(CURL* easy) { curl_multi_add_handle(multi_, easy); }
  // Closes the handle's connection unless its exchange has ended.
  void remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

 private:
  struct Poll;
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* poll);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void act(curl_socket_t socket, int events);
  void tell_ended();

  CURLM* multi_;
  rt::Timer timer_;
};

}  // namespace millrace::outbound
