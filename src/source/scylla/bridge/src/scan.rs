//! Scanners: any number of range scans, each a task that fetches page after page into one queue.

use crate::entry::{guarded, panicked};
use crate::error;
use crate::event::{Event, Page};
use crate::ffi::{Code, QuerySpec, ScanStart, ScannerLimits, Status};
use crate::query::{changed, check_columns, Query};
use crate::queue::EventQueue;
use crate::raw_rows::raw_rows;
use crate::routing::PinnedToken;
use crate::session::{Driver, Inner, Replicas};
use scylla::errors::ExecutionError;
use scylla::frame::response::result::TableSpec;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::routing::Token;
use scylla::statement::bound::BoundStatement;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlTimestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const REPLICAS_TOLD: usize = 8;

pub struct Scanner {
    inner: Result<Arc<Inner>, Status>,
    queue: Arc<EventQueue>,
    sizing: Sizing,
}

impl Scanner {
    pub fn new(inner: Result<Arc<Inner>, Status>, limits: ScannerLimits) -> Self {
        Self {
            inner,
            queue: Arc::new(EventQueue::new(limits.queue_pages)),
            sizing: Sizing::new(limits.page_rows_max, limits.page_bytes_target),
        }
    }

    pub fn start(&self, query: &Query, scan: ScanStart) {
        let id = scan.id;
        let started = guarded("starting a scan", || {
            let inner = self.inner.as_ref().map_err(Status::clone)?;
            let task = Task {
                driver: inner.driver.clone(),
                query: query.spec(),
                queue: self.queue.clone(),
                sizing: self.sizing.within(scan.page_rows_max),
                scan,
            };
            inner.runtime().spawn(task.run());
            Ok(())
        });
        if let Err(status) = started {
            self.queue.push_now(Event::failure(id, status));
        }
    }

    pub fn next(&self, timeout_ms: i64) -> Box<Event> {
        let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
        let popped = guarded("waiting for a page", || Ok(self.queue.pop(timeout)));
        Box::new(popped.unwrap_or_else(|status| Event::failure(0, status)))
    }

    pub fn cancel(&self) {
        self.queue.cancel();
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.queue.cancel();
    }
}

/// A page whose rows were all as wide as those of the scan's widest page may have so many times the
/// bytes aimed at.
const WORST_PAGE_TARGETS: u64 = 16;

/// How many rows to ask for, so that the pages of one scan come near a size in bytes.
///
/// The rows to come are only guessed from those that came, and one wrong guess can ask a node for
/// more than its memory holds. So a page has at most twice the rows of the one before it; and once
/// wide rows were met, the scan never forgets: no later page may, if they come again, be larger than
/// `WORST_PAGE_TARGETS` times the target. Wide rows after narrow ones only cannot be foreseen: for
/// them, whoever starts the scan again lowers its `page_rows_max`.
#[derive(Debug, Clone, Copy)]
struct Sizing {
    rows_max: u64,
    bytes_target: u64,
    widest_mean_row: u64, // bytes; of any page of the scan so far
}

impl Sizing {
    fn new(rows_max: u32, bytes_target: u32) -> Self {
        Self {
            rows_max: u64::from(rows_max).clamp(1, i32::MAX as u64),
            bytes_target: u64::from(bytes_target),
            widest_mean_row: 1,
        }
    }

    /// For one scan, with its own maximum of rows a page where that is not 0.
    fn within(self, rows_max: u32) -> Self {
        let rows_max = match rows_max {
            0 => self.rows_max,
            given => self.rows_max.min(u64::from(given)),
        };
        Self { rows_max, ..self }
    }

    fn first(&self, wanted: u32) -> i32 {
        let rows = if wanted == 0 {
            self.rows_max
        } else {
            u64::from(wanted).min(self.rows_max)
        };
        rows as i32 // at most rows_max, which is at most i32::MAX
    }

    /// By the mean row of the page just read, for which `asked` rows were asked; `asked` again
    /// where it had none.
    fn next(&mut self, asked: i32, page: &Page) -> i32 {
        let bytes = page.rows.len() as u64;
        if page.row_count == 0 || bytes == 0 {
            return asked;
        }
        let row_count = u64::from(page.row_count);
        self.widest_mean_row = self.widest_mean_row.max(bytes.div_ceil(row_count));
        let fitting = self.bytes_target * row_count / bytes;
        let worst = self.bytes_target * WORST_PAGE_TARGETS / self.widest_mean_row;
        let grown = u64::from(asked.unsigned_abs()) * 2;
        fitting.min(worst).min(grown).clamp(1, self.rows_max) as i32
    }
}

struct Task {
    driver: Arc<Driver>,
    query: Arc<QuerySpec>,
    queue: Arc<EventQueue>,
    sizing: Sizing,
    scan: ScanStart,
}

impl Task {
    async fn run(self) {
        let mut guard = PanicGuard {
            queue: self.queue.clone(),
            id: self.scan.id,
            ended: false,
        };
        let stopped = self.queue.stopped();
        tokio::select! {
            read = self.read() => {
                // Without the table's name: who started the scan knows it, and a failure of the
                // whole source is told of other tables too.
                if let Err(status) = read {
                    self.queue.push(Event::failure(self.scan.id, status)).await;
                }
            }
            () = stopped => {}
        }
        guard.ended = true;
    }

    /// Pages into the queue until the range, the page limit or the scanner ends.
    async fn read(&self) -> Result<(), Status> {
        let mut statement = self.bound().await?;
        let mut state = match self.scan.paging_state.as_slice() {
            [] => PagingState::start(),
            saved => PagingState::new_from_raw_bytes(saved),
        };
        let mut sizing = self.sizing;
        let mut rows_asked = sizing.first(self.scan.first_page_rows);
        let mut pages = 0_u32;
        loop {
            statement.set_page_size(rows_asked);
            let answer = self
                .driver
                .cql
                .execute_bound_single_page(&statement, state)
                .await;
            let (result, next) = answer.map_err(|error| self.failed(&error, pages == 0))?;
            let page = self.page_of(result, next)?;
            pages += 1;
            let ended = page.is_last || pages == self.scan.page_limit;
            rows_asked = sizing.next(rows_asked, &page);
            state = page.next.clone();
            if !self.queue.push(Event::page(self.scan.id, page)).await || ended {
                return Ok(());
            }
        }
    }

    /// The driver prepares on all nodes and sets no limit to it: one that hangs would hold up all.
    async fn prepared(&self) -> Result<PreparedStatement, ExecutionError> {
        let preparing = self.driver.prepared(&self.query.cql);
        match self.driver.request_timeout {
            Some(limit) => match tokio::time::timeout(limit, preparing).await {
                Ok(prepared) => Ok(prepared?),
                Err(_) => Err(ExecutionError::RequestTimeout(limit)),
            },
            None => Ok(preparing.await?),
        }
    }

    async fn bound(&self) -> Result<BoundStatement, Status> {
        let prepared = self
            .prepared()
            .await
            .map_err(|error| self.failed(&error, false))?;
        let (start, end) = (self.scan.start, self.scan.end);
        let bound = match *self.query.cursor_bounds_ms {
            [] => prepared.bind(&(start, end)),
            [after] => prepared.bind(&(start, end, CqlTimestamp(after))),
            [after, until, ..] => {
                prepared.bind(&(start, end, CqlTimestamp(after), CqlTimestamp(until)))
            }
        };
        let mut bound = bound.map_err(|error| Status::new(Code::InvalidQuery, error))?;
        if self.driver.token_routing {
            // A range's end is the token whose replicas hold all of it: splits end at ring tokens.
            bound.set_load_balancing_policy(Some(Arc::new(PinnedToken {
                token: Token::new(end),
                table: TableSpec::owned(self.query.keyspace.clone(), self.query.table.clone()),
                inner: self.driver.policy.clone(),
            })));
        }
        Ok(bound)
    }

    fn page_of(&self, result: QueryResult, next: PagingStateResponse) -> Result<Page, Status> {
        let (is_last, next) = match next {
            PagingStateResponse::HasMorePages { state } => (false, state),
            PagingStateResponse::NoMorePages => (true, PagingState::start()),
        };
        let coordinator = result.request_coordinator().node().address.to_string();
        let Ok(result) = result.into_rows_result() else {
            return Ok(Page {
                rows: bytes::Bytes::new(),
                row_count: 0,
                is_last,
                next,
                coordinator,
            });
        };
        check_columns(&self.query, result.column_specs())?;
        Ok(Page {
            rows: raw_rows(&result)?,
            row_count: result.rows_num() as u32, // the protocol's count is an int
            is_last,
            next,
            coordinator,
        })
    }

    /// `first_page`: the request was the scan's first, which carries its saved paging state.
    fn failed(&self, error: &ExecutionError, first_page: bool) -> Status {
        let status = error::execution(error);
        let sent_saved_state = first_page && !self.scan.paging_state.is_empty();
        if sent_saved_state && error::may_refuse_paging_state(error) {
            return Status::new(
                Code::BadPagingState,
                format!(
                    "the server refused the saved paging state: {}",
                    status.message
                ),
            );
        }
        if error::names_something_gone(error) {
            return changed(&status.message);
        }
        self.naming_replicas(status)
    }

    /// A failure to get an answer, with the replicas of the range, those out of reach before all: of
    /// several nodes tried, the driver tells the last one's failure only, and not which node it was.
    fn naming_replicas(&self, mut status: Status) -> Status {
        let no_answer = matches!(
            status.code,
            Code::Connect | Code::Unavailable | Code::ServerTimeout | Code::ClientTimeout
        );
        if no_answer {
            let (keyspace, table) = (&self.query.keyspace, &self.query.table);
            let replicas = self
                .driver
                .replicas(keyspace, table, self.scan.start, self.scan.end);
            status.message += &told(&replicas);
        }
        status
    }
}

fn told(replicas: &Replicas) -> String {
    let listed = |some: &BTreeSet<String>| {
        let shown: Vec<_> = some.iter().take(REPLICAS_TOLD).cloned().collect();
        match some.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    if !replicas.out_of_reach.is_empty() {
        return format!(
            "; no connection to its replica {}",
            listed(&replicas.out_of_reach)
        );
    }
    match replicas.all.len() {
        0 => String::new(),
        1 => format!("; its replica is {}", listed(&replicas.all)),
        _ => format!("; its replicas are {}", listed(&replicas.all)),
    }
}

/// Tells the reader of a scan whose task panicked, who would else wait for it for ever.
struct PanicGuard {
    queue: Arc<EventQueue>,
    id: u64,
    ended: bool,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if !self.ended {
            self.queue
                .push_now(Event::failure(self.id, panicked("a scan")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u32, bytes: usize) -> Page {
        Page {
            rows: vec![0; bytes].into(),
            row_count: rows,
            is_last: false,
            next: PagingState::start(),
            coordinator: String::new(),
        }
    }

    #[test]
    fn page_rows_follow_the_mean_row_within_one_and_the_maximum() {
        let mut sizing = Sizing::new(5_000, 1 << 20);
        assert_eq!(sizing.next(500, &page(0, 0)), 500);
        assert_eq!(sizing.next(1_000, &page(1_000, 1 << 20)), 1_000);
        assert_eq!(sizing.next(4_000, &page(4_000, 40_000)), 5_000);
        assert_eq!(sizing.next(500, &page(2, 64 << 20)), 1);
    }

    #[test]
    fn a_page_has_at_most_twice_the_rows_of_the_one_before_it() {
        let mut sizing = Sizing::new(5_000, 1 << 20);
        let mut asked = sizing.first(100);
        for rows in [200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            asked = sizing.next(asked, &page(100, 1_000));
            assert_eq!(asked, rows);
        }
    }

    #[test]
    fn wide_rows_once_met_bound_every_later_page_of_their_scan() {
        let mut sizing = Sizing::new(5_000, 1 << 20);
        assert_eq!(sizing.next(20, &page(20, 10 << 20)), 2);
        let mut asked = 2;
        for _ in 0..20 {
            asked = sizing.next(asked, &page(asked as u32, 10 * asked as usize));
        }
        assert_eq!(asked, 32); // of half a MiB each: 16 MiB
        let other_scan = Sizing::new(5_000, 1 << 20);
        assert_eq!(other_scan.first(0), 5_000);
    }

    #[test]
    fn a_scan_asks_for_no_more_rows_than_its_own_maximum_and_the_scanners() {
        let scanner = Sizing::new(5_000, 1 << 20);
        let mut sizing = scanner.within(30);
        assert_eq!(sizing.first(0), 30);
        assert_eq!(sizing.first(100), 30);
        assert_eq!(sizing.first(10), 10);
        assert_eq!(sizing.next(30, &page(30, 300)), 30);
        assert_eq!(scanner.within(0).first(0), 5_000);
        assert_eq!(scanner.within(9_000).first(0), 5_000);
    }

    #[test]
    fn the_first_page_is_as_asked_but_never_over_the_maximum() {
        let sizing = Sizing::new(5_000, 1 << 20);
        assert_eq!(sizing.first(100), 100);
        assert_eq!(sizing.first(0), 5_000);
        assert_eq!(sizing.first(u32::MAX), 5_000);
        assert_eq!(Sizing::new(u32::MAX, 1).first(u32::MAX), i32::MAX);
    }

    #[test]
    fn of_replicas_those_out_of_reach_are_told_and_else_all() {
        let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let mut replicas = Replicas::default();
        assert_eq!(told(&replicas), "");
        replicas.all = set(&["a:1"]);
        assert_eq!(told(&replicas), "; its replica is a:1");
        replicas.all = set(&["a:1", "b:1"]);
        assert_eq!(told(&replicas), "; its replicas are a:1, b:1");
        replicas.out_of_reach = set(&["b:1"]);
        assert_eq!(told(&replicas), "; no connection to its replica b:1");
        let many: Vec<_> = (0..11).map(|at| format!("{at:02}")).collect();
        replicas.out_of_reach = many.into_iter().collect();
        assert_eq!(
            told(&replicas),
            "; no connection to its replica 00, 01, 02, 03, 04, 05, 06, 07 and 3 more"
        );
    }

    #[test]
    fn a_scan_that_panics_sends_its_failure() {
        let queue = Arc::new(EventQueue::new(1));
        drop(PanicGuard {
            queue: queue.clone(),
            id: 7,
            ended: false,
        });
        let event = queue.pop(Duration::ZERO);
        assert_eq!(event.scan_id(), 7);
        assert_eq!(event.status().code, Code::Internal);
    }
}
