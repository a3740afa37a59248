//! What a scanner hands out: a page, a scan's failure, or why there is neither.

use crate::ffi::{EventKind, Status};
use bytes::Bytes;
use scylla::response::PagingState;

pub struct Event {
    kind: EventKind,
    scan_id: u64,
    status: Status,
    page: Page,
}

/// A page as the server sent it; `rows` shares the response frame's memory.
pub struct Page {
    pub rows: Bytes,
    pub row_count: u32,
    pub is_last: bool,
    pub next: PagingState,
    /// The node that answered, as "address:port".
    pub coordinator: String,
}

impl Page {
    fn none() -> Self {
        Self {
            rows: Bytes::new(),
            row_count: 0,
            is_last: false,
            next: PagingState::start(),
            coordinator: String::new(),
        }
    }
}

impl Event {
    pub fn page(scan_id: u64, page: Page) -> Self {
        Self {
            kind: EventKind::Page,
            scan_id,
            status: Status::ok(),
            page,
        }
    }

    pub fn failure(scan_id: u64, status: Status) -> Self {
        Self {
            kind: EventKind::Failure,
            scan_id,
            status,
            page: Page::none(),
        }
    }

    /// Neither a page nor a failure: `TimedOut` or `Cancelled`.
    pub fn nothing(kind: EventKind) -> Self {
        Self {
            kind,
            scan_id: 0,
            status: Status::ok(),
            page: Page::none(),
        }
    }

    pub fn kind(&self) -> EventKind {
        self.kind
    }

    pub fn scan_id(&self) -> u64 {
        self.scan_id
    }

    pub fn row_count(&self) -> u32 {
        self.page.row_count
    }

    pub fn is_last(&self) -> bool {
        self.page.is_last
    }

    pub fn rows(&self) -> &[u8] {
        &self.page.rows
    }

    pub fn paging_state(&self) -> &[u8] {
        self.page.next.as_bytes_slice().map_or(&[], |bytes| bytes)
    }

    pub fn coordinator(&self) -> &str {
        &self.page.coordinator
    }

    pub fn status(&self) -> &Status {
        &self.status
    }
}
