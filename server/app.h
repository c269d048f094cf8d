// App: the whole server as one object: disk, store, domain services, handlers, loops and listeners, made in this order
// and taken down in the reverse. Belongs to the main thread, which only waits for signals; the work happens on the
// loops, one thread each.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/ops/config.h"
#include "server/ops/control.h"
#include "server/ops/log.h"
#include "server/rt/error.h"

namespace millrace {

class App {
 public:
  // Opens the store, listens and serves. `log` outlives it. `on_loop_end` is called on a loop's thread when it ends.
  static rt::Result<std::unique_ptr<App>> start(const ops::Config& config, ops::Log& log,
                                                std::function<void()> on_loop_end);
  // After drained().
  ~App();

  const ops::Whereabouts& whereabouts() const noexcept;
  // Reads the certificates again; a broken one leaves the old in use.
  rt::Status reload();
  // Takes nothing new, finishes what runs within the drain limit. Returns at once.
  void drain();
  // All loops have ended.
  bool drained() const noexcept;

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
