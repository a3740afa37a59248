//! The bounded queue between scans (tasks that wait without a thread) and the threads of C++ (which
//! block with a time-out). One queue serves all scans of a scanner: a slow reader slows them all.

use crate::event::Event;
use crate::ffi::EventKind;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{watch, Semaphore};

const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);

pub struct EventQueue {
    state: Mutex<State>,
    arrived: Condvar,
    space: Semaphore,
    cancelled: watch::Sender<bool>,
}

struct State {
    events: VecDeque<Slot>,
    cancelled: bool,
}

struct Slot {
    event: Event,
    takes_space: bool,
}

impl EventQueue {
    pub fn new(capacity: u32) -> Self {
        Self {
            state: Mutex::new(State {
                events: VecDeque::new(),
                cancelled: false,
            }),
            arrived: Condvar::new(),
            space: Semaphore::new(capacity.max(1) as usize),
            cancelled: watch::channel(false).0,
        }
    }

    /// Waits for space, then adds. False where the queue is cancelled.
    pub async fn push(&self, event: Event) -> bool {
        let Ok(permit) = self.space.acquire().await else {
            return false;
        };
        permit.forget(); // pop() gives it back
        self.add(Slot {
            event,
            takes_space: true,
        })
    }

    /// Adds at once, over the bound if need be: for the failure of a scan that cannot wait.
    pub fn push_now(&self, event: Event) {
        self.add(Slot {
            event,
            takes_space: false,
        });
    }

    /// The oldest event, or `TimedOut`, or `Cancelled` from cancel() on.
    pub fn pop(&self, timeout: Duration) -> Event {
        let deadline = Instant::now() + timeout.min(TIMEOUT_MAX);
        let mut state = self.lock();
        loop {
            if state.cancelled {
                return Event::nothing(EventKind::Cancelled);
            }
            if let Some(slot) = state.events.pop_front() {
                drop(state);
                if slot.takes_space {
                    self.space.add_permits(1);
                }
                return slot.event;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Event::nothing(EventKind::TimedOut);
            }
            state = self
                .arrived
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Drops what waits, wakes every reader, and lets stopped() return.
    pub fn cancel(&self) {
        let dropped = {
            let mut state = self.lock();
            state.cancelled = true;
            std::mem::take(&mut state.events)
        };
        drop(dropped);
        self.space.close();
        self.cancelled.send_replace(true);
        self.arrived.notify_all();
    }

    /// Returns once cancel() has been called.
    pub async fn stopped(&self) {
        let mut cancelled = self.cancelled.subscribe();
        let _ = cancelled.wait_for(|yes| *yes).await;
    }

    fn add(&self, slot: Slot) -> bool {
        let mut state = self.lock();
        if state.cancelled {
            return false;
        }
        state.events.push_back(slot);
        drop(state);
        self.arrived.notify_one();
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::{Code, Status};
    use std::sync::Arc;

    fn event(id: u64) -> Event {
        Event::failure(id, Status::new(Code::Internal, "test"))
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
    }

    #[test]
    fn events_come_out_in_the_order_they_went_in() {
        let queue = EventQueue::new(2);
        runtime().block_on(async {
            assert!(queue.push(event(1)).await);
            assert!(queue.push(event(2)).await);
        });
        assert_eq!(queue.pop(Duration::ZERO).scan_id(), 1);
        assert_eq!(queue.pop(Duration::ZERO).scan_id(), 2);
        assert_eq!(queue.pop(Duration::ZERO).kind(), EventKind::TimedOut);
    }

    #[test]
    fn a_full_queue_holds_the_writer_until_a_reader_takes_one() {
        let queue = EventQueue::new(1);
        runtime().block_on(async {
            assert!(queue.push(event(1)).await);
            let mut second = std::pin::pin!(queue.push(event(2)));
            let waits = tokio::time::timeout(Duration::ZERO, second.as_mut()).await;
            assert!(waits.is_err());
            assert_eq!(queue.pop(Duration::ZERO).scan_id(), 1);
            assert!(second.await);
        });
        assert_eq!(queue.pop(Duration::ZERO).scan_id(), 2);
    }

    #[test]
    fn a_failure_that_cannot_wait_passes_the_bound_and_leaves_it_unchanged() {
        let queue = EventQueue::new(1);
        runtime().block_on(async {
            assert!(queue.push(event(1)).await);
            queue.push_now(event(2));
            assert_eq!(queue.pop(Duration::ZERO).scan_id(), 1);
            assert_eq!(queue.pop(Duration::ZERO).scan_id(), 2);
            assert!(queue.push(event(3)).await);
            let over = tokio::time::timeout(Duration::ZERO, queue.push(event(4))).await;
            assert!(over.is_err());
        });
    }

    #[test]
    fn cancel_drops_waiting_events_and_wakes_readers_and_writers() {
        let queue = Arc::new(EventQueue::new(1));
        let reader = {
            let queue = queue.clone();
            std::thread::spawn(move || queue.pop(Duration::from_secs(60)).kind())
        };
        queue.cancel();
        assert_eq!(reader.join().expect("the reader"), EventKind::Cancelled);
        runtime().block_on(async {
            queue.stopped().await;
            assert!(!queue.push(event(1)).await);
        });
        queue.push_now(event(2));
        assert_eq!(queue.pop(Duration::ZERO).kind(), EventKind::Cancelled);
    }
}
