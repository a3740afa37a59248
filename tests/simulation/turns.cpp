#include "turns.h"

#include <utility>

namespace ringsync::simulation {
namespace {

// Of what a sync needs under sanitizers many times.
constexpr size_t kStackBytes = size_t{4} << 20;

/// makecontext() takes functions without a pointer.
Turns* beginning = nullptr;

}  // namespace

void Turns::run_second() {
  Turns& turns = *beginning;
  turns.run_();
  turns.is_under_way_ = false;
  turns.is_seconds_turn_ = false;
}

void Turns::begin(std::function<void()> second) {
  if (!stack_) stack_ = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  run_ = std::move(second);
  is_under_way_ = true;
  is_seconds_turn_ = true;
  getcontext(&second_);
  second_.uc_stack.ss_sp = stack_.get();
  second_.uc_stack.ss_size = kStackBytes;
  second_.uc_link = &first_;
  makecontext(&second_, &Turns::run_second, 0);
  beginning = this;
  swapcontext(&first_, &second_);
}

void Turns::pass() {
  if (!is_under_way_) return;
  ucontext_t& mine = is_seconds_turn_ ? second_ : first_;
  const ucontext_t& others = is_seconds_turn_ ? first_ : second_;
  is_seconds_turn_ = !is_seconds_turn_;
  swapcontext(&mine, &others);
}

void Turns::finish() {
  while (is_under_way_) pass();
}

}  // namespace ringsync::simulation
