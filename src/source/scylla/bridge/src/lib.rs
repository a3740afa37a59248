//! The scylla driver behind a narrow C++ interface. First step of the data path: ranges of a table
//! go in, whole pages of result bytes come out, untouched.
//!
//! Thread rule: everything exported may be called from any thread but the driver's own. No panic
//! leaves this crate: each entry point answers with a status instead.

mod entry;
mod error;
mod event;
mod options;
mod query;
mod queue;
mod raw_rows;
mod routing;
mod scan;
mod schema;
mod session;
mod tls;
mod token;
mod type_text;
mod types;

use entry::{make_query, open_session, token_of_key};
use event::Event;
use query::Query;
use scan::Scanner;
use session::Session;

#[cxx::bridge(namespace = "ringsync::bridge")]
mod ffi {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    enum Code {
        Ok,
        Config,
        Connect,
        Auth,
        Unauthorized,
        Tls,
        Unavailable,
        ReadFailure,
        Overloaded,
        ServerTimeout,
        ClientTimeout,
        InvalidQuery,
        Schema,
        SchemaChanged,
        BadPagingState,
        Malformed,
        Cancelled,
        Internal,
    }

    #[derive(Debug, Clone)]
    struct Status {
        code: Code,
        message: String,
    }

    /// `contact_points` are "host:port", IPv6 addresses in brackets. An empty `user` means that no
    /// log-in is offered; an empty `local_dc` means all data centres.
    #[derive(Clone)]
    struct SessionOptions {
        contact_points: Vec<String>,
        user: String,
        password: String,
        local_dc: String,
        keyspace: String,
        consistency: String,
        tls: bool,
        /// "ca", "full" or "none".
        tls_verify: String,
        tls_ca_file: String,
        tls_cert_file: String,
        tls_key_file: String,
        connect_timeout_ms: u64,
        request_timeout_ms: u64,
        io_threads: u32,
        connections_per_host: u32,
        /// Ask a replica of each range; else the data centre's nodes, whoever they are.
        token_routing: bool,
    }

    struct Identity {
        status: Status,
        cluster: String,
        server_version: String,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    #[repr(u8)]
    enum ColumnKind {
        PartitionKey,
        Clustering,
        Static,
        Regular,
    }

    /// `type_option`: the type as protocol v4 writes it ([option], section 4.2.5.2); vectors have a
    /// private id, see types.rs.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct ColumnSpec {
        name: String,
        kind: ColumnKind,
        type_option: Vec<u8>,
    }

    /// An index as system_schema.indexes has it; options that it lacks are empty.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct IndexSpec {
        name: String,
        class_name: String,
        target: String,
    }

    /// `id` changes when the table is made anew, and when a column returns that was dropped.
    #[derive(Debug)]
    struct TableSpec {
        name: String,
        id: String,
        is_view: bool,
        indexes: Vec<IndexSpec>,
        /// Partition key, clustering key, static columns by name, regular columns by name.
        columns: Vec<ColumnSpec>,
    }

    struct Schema {
        status: Status,
        /// By name, materialised views among them.
        tables: Vec<TableSpec>,
        /// The server can make storage-attached indexes.
        offers_sai: bool,
    }

    struct Ring {
        status: Status,
        tokens: Vec<i64>,
        node_count: u32,
        shard_count: u32,
    }

    struct ServerTime {
        status: Status,
        unix_ms: i64,
    }

    /// A range scan's statement: `cql` takes the range's start and end and then the cursor's bounds,
    /// at most two. `columns` are what every page must have (their kind does not matter).
    struct QuerySpec {
        cql: String,
        keyspace: String,
        table: String,
        columns: Vec<ColumnSpec>,
        cursor_bounds_ms: Vec<i64>,
    }

    /// The range (start, end] from its start or from a saved paging state. `page_limit` 0: no limit;
    /// `page_rows_max` 0: the scanner's.
    struct ScanStart {
        id: u64,
        start: i64,
        end: i64,
        paging_state: Vec<u8>,
        first_page_rows: u32,
        page_limit: u32,
        page_rows_max: u32,
    }

    struct ScannerLimits {
        page_rows_max: u32,
        page_bytes_target: u32,
        queue_pages: u32,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    enum EventKind {
        Page,
        Failure,
        TimedOut,
        Cancelled,
    }

    extern "Rust" {
        type Session;
        fn open_session(options: &SessionOptions) -> Box<Session>;
        fn status(self: &Session) -> Status;
        fn identity(self: &Session) -> Identity;
        fn schema(self: &Session) -> Schema;
        fn ring(self: &Session) -> Ring;
        fn server_time(self: &Session) -> ServerTime;
        /// True where a node shows ScyllaDB's sharding.
        fn is_scylla(self: &Session) -> bool;
        fn scanner(self: &Session, limits: ScannerLimits) -> Box<Scanner>;

        type Query;
        fn make_query(spec: QuerySpec) -> Box<Query>;

        type Scanner;
        fn start(self: &Scanner, query: &Query, scan: ScanStart);
        fn next(self: &Scanner, timeout_ms: i64) -> Box<Event>;
        fn cancel(self: &Scanner);

        type Event;
        fn kind(self: &Event) -> EventKind;
        fn scan_id(self: &Event) -> u64;
        fn row_count(self: &Event) -> u32;
        fn is_last(self: &Event) -> bool;
        /// The rows region; lives as long as the event.
        fn rows(self: &Event) -> &[u8];
        fn paging_state(self: &Event) -> &[u8];
        /// The node that answered, as "address:port"; empty where the event is no page.
        fn coordinator(self: &Event) -> &str;
        fn status(self: &Event) -> &Status;

        /// Murmur3 token of a serialised partition key.
        fn token_of_key(key: &[u8]) -> i64;
    }
}
