// Turns: two syncs at once on one thread, of which one runs at a time. The second has a stack of
// its own; where either passes the turn, the other goes on from where it passed it. Who passes when
// is the caller's to say, so that a seed decides all of it.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace ringsync::simulation {

class Turns {
 public:
  Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Starts the second sync, and returns where it passes the turn or has ended. Called by the first
  /// where no second one is under way.
  void begin(std::function<void()> second);
  /// Lets the other go on, and returns where it passes the turn back or has ended. Called by the
  /// one whose turn it is.
  void pass();
  /// Lets the second sync come to its end. Called by the first, before it ends itself.
  void finish();
  bool is_under_way() const { return is_under_way_; }

 private:
  static void run_second();

  ucontext_t first_{};
  ucontext_t second_{};
  std::unique_ptr<std::byte[]> stack_;
  std::function<void()> run_;
  bool is_under_way_ = false;
  bool is_seconds_turn_ = false;
};

}  // namespace ringsync::simulation
