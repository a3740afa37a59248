//! Sessions: the driver, its runtime, and what a session knows of the cluster.

use crate::entry::{guarded, panicked};
use crate::ffi::{Code, Identity, Ring, ScannerLimits, Schema, ServerTime, SessionOptions, Status};
use crate::scan::Scanner;
use crate::{error, options, schema, tls};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session as CqlSession;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::PoolSize;
use scylla::cluster::ClusterState;
use scylla::errors::PrepareError;
use scylla::policies::host_filter::DcHostFilter;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::routing::Token;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlTimestamp;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

const MURMUR3: &str = "Murmur3Partitioner";
const CONNECT_TIMEOUT_DEFAULT_MS: u64 = 5_000;
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);
// A node that lets a client in says nothing by itself; one that refuses it may be busy.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(3);
const RING_TOKENS_LOOKED_AT: usize = 64;
// A connection over which nothing comes any more, as that of a node that hangs, shows by an
// unanswered question only. What is in flight on it then goes to another node.
const LIVENESS_INTERVAL_MAX: Duration = Duration::from_secs(10);
const LIVENESS_INTERVAL_MIN: Duration = Duration::from_secs(1);
const LIVENESS_TIMEOUT_MIN: Duration = Duration::from_secs(5);

/// What the tasks of scans share. They must never own the runtime that they run on: dropping it on
/// one of its own threads panics.
pub struct Driver {
    pub cql: CqlSession,
    pub policy: Arc<dyn LoadBalancingPolicy>,
    pub token_routing: bool,
    pub request_timeout: Option<Duration>,
    local_dc: String,
    keyspace: String,
    cluster: String,
    server_version: String,
    server_clock: (CqlTimestamp, Instant), // what it showed, and when
    statements: Mutex<HashMap<String, Arc<OnceCell<PreparedStatement>>>>,
}

impl Driver {
    /// The statement prepared once a session, whoever asks.
    pub async fn prepared(&self, cql: &str) -> Result<PreparedStatement, PrepareError> {
        let cell = {
            let mut statements = self
                .statements
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            statements.entry(cql.to_string()).or_default().clone()
        };
        let prepare = || async {
            let mut statement = self.cql.prepare(cql).await?;
            statement.set_is_idempotent(true);
            // Cassandra does not tell of changed result columns: each page brings its own.
            statement.set_use_cached_result_metadata(false);
            Ok(statement)
        };
        cell.get_or_try_init(prepare).await.cloned()
    }

    /// The data centre's replicas of the tokens in (start, end], as far as a look at so many ring
    /// tokens tells.
    pub fn replicas(&self, keyspace: &str, table: &str, start: i64, end: i64) -> Replicas {
        let state = self.cql.get_cluster_state();
        let within = state.replica_locator().ring().iter();
        let tokens = within
            .map(|(token, _)| token.value())
            .filter(|token| *token > start && *token < end)
            .take(RING_TOKENS_LOOKED_AT)
            .chain([end]);
        let mut replicas = Replicas::default();
        for token in tokens {
            for (node, _) in state.get_token_endpoints(keyspace, table, Token::new(token)) {
                if !is_local(node.datacenter.as_deref(), &self.local_dc) {
                    continue;
                }
                let address = node.address.to_string();
                if !node.is_connected() {
                    replicas.out_of_reach.insert(address.clone());
                }
                replicas.all.insert(address);
            }
        }
        replicas
    }
}

/// Addresses of the nodes that hold rows of a range.
#[derive(Debug, Default)]
pub struct Replicas {
    pub all: BTreeSet<String>,
    pub out_of_reach: BTreeSet<String>, // of these: no connection to them
}

/// A runtime and the driver on it; the last owner, never a task, shuts it down.
pub struct Inner {
    runtime: Option<Runtime>,
    pub driver: Arc<Driver>,
}

impl Inner {
    pub fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("present until drop")
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not a plain drop: that waits for name look-ups without an end.
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        }
    }
}

pub struct Session {
    inner: Result<Arc<Inner>, Status>,
}

pub fn open(options: &SessionOptions) -> Result<Inner, Status> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.io_threads.max(1) as usize)
        .thread_name("cql-io")
        .enable_all()
        .build()
        .map_err(|error| Status::new(Code::Internal, error))?;
    let hosts = options.contact_points.join(", ");
    let limit = open_timeout(options);
    let opened = runtime.block_on(async {
        tokio::time::timeout(limit, connect(options))
            .await
            .unwrap_or_else(|_| Err(no_answer(&hosts, limit)))
    });
    match opened {
        Ok(driver) => Ok(Inner {
            runtime: Some(runtime),
            driver: Arc::new(driver),
        }),
        Err(status) => {
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            Err(status)
        }
    }
}

fn connect_timeout(options: &SessionOptions) -> Duration {
    Duration::from_millis(match options.connect_timeout_ms {
        0 => CONNECT_TIMEOUT_DEFAULT_MS,
        given => given,
    })
}

/// None where requests may take for ever.
fn request_timeout(options: &SessionOptions) -> Option<Duration> {
    let limit = Duration::from_millis(options.request_timeout_ms);
    (!limit.is_zero()).then_some(limit)
}

/// Each host may take its time-out once; one more for the cluster's metadata or, where no host could
/// be connected to, for the causes.
fn open_timeout(options: &SessionOptions) -> Duration {
    let hosts = options.contact_points.len().clamp(1, 16) as u32;
    connect_timeout(options) * (hosts + 1)
}

fn no_answer(hosts: &str, limit: Duration) -> Status {
    Status::new(
        Code::Connect,
        format!(
            "cannot connect to {hosts}: no answer within {} s; \
             check host and port, and that the cluster is up",
            limit.as_secs_f32()
        ),
    )
}

async fn build(
    options: &SessionOptions,
) -> Result<(CqlSession, Arc<dyn LoadBalancingPolicy>), Status> {
    let refusal = tls::Refusal::default();
    let (builder, policy) = configured(options, &options.contact_points, &refusal)?;
    match builder.build().await {
        Ok(cql) => Ok((cql, policy)),
        Err(error) => {
            let cause = refusal.explain(error::new_session(&error));
            Err(not_connected(options, cause).await)
        }
    }
}

/// The cause, or where an encrypted connection broke and nothing told why, what a node says of itself:
/// one that refuses a certificate says so and closes, and what it said is lost where something of the
/// driver's arrives after that.
async fn heard(options: &SessionOptions, host: &str, cause: Status) -> Status {
    if !options.tls || !error::is_broken(&cause) {
        return cause;
    }
    let limit = connect_timeout(options).min(LISTEN_TIMEOUT);
    let (options, host) = (options.clone(), host.to_string());
    let said = tokio::task::spawn_blocking(move || tls::listen(&options, &host, limit)).await;
    said.ok().flatten().unwrap_or(cause)
}

async fn connect(options: &SessionOptions) -> Result<Driver, Status> {
    let (cql, policy) = build(options).await?;
    check_data_centre(&cql.get_cluster_state(), &options.local_dc)?;
    let (cluster, server_version, partitioner, server_time) =
        first_row::<(String, String, String, CqlTimestamp)>(
            &cql,
            "SELECT cluster_name, release_version, partitioner, toTimestamp(now()) \
             FROM system.local",
        )
        .await?;
    let server_clock = (server_time, Instant::now());
    if !partitioner.ends_with(MURMUR3) {
        return Err(Status::new(
            Code::Config,
            format!("the cluster uses {partitioner}; only {MURMUR3} can be read"),
        ));
    }
    Ok(Driver {
        cql,
        policy,
        token_routing: options.token_routing,
        request_timeout: request_timeout(options),
        local_dc: options.local_dc.clone(),
        keyspace: options.keyspace.clone(),
        cluster,
        server_version,
        server_clock,
        statements: Mutex::default(),
    })
}

/// What to tell of a session that could not be opened for `cause`. The driver keeps the cause of the
/// last host only; where there are several and that one is down, each is asked once more, all at the
/// same time. A refused log-in is not repeated: it may lock the account.
async fn not_connected(options: &SessionOptions, cause: Status) -> Status {
    if cause.code == Code::Config {
        return cause;
    }
    if let [host] = options.contact_points.as_slice() {
        return error::no_host(&[(host.clone(), heard(options, host, cause).await)]);
    }
    if cause.code != Code::Connect {
        return error::no_host(&[(options.contact_points.join(", "), cause)]);
    }
    let mut attempts = Vec::new();
    for host in &options.contact_points {
        let refusal = tls::Refusal::default();
        let builder = match configured(options, std::slice::from_ref(host), &refusal) {
            Ok((builder, _)) => builder,
            Err(status) => return status,
        };
        let (options, asked) = (options.clone(), host.clone());
        let attempt = tokio::spawn(async move {
            match builder.build().await {
                Ok(_) => Status::ok(),
                Err(error) => {
                    let cause = refusal.explain(error::new_session(&error));
                    heard(&options, &asked, cause).await
                }
            }
        });
        attempts.push((host.clone(), attempt));
    }
    let mut causes = Vec::new();
    for (host, attempt) in attempts {
        let cause = attempt.await.unwrap_or_else(|_| panicked("connecting"));
        causes.push((host, cause));
    }
    error::no_host(&causes)
}

type Configured = (SessionBuilder, Arc<dyn LoadBalancingPolicy>);

fn configured(
    options: &SessionOptions,
    hosts: &[String],
    refusal: &tls::Refusal,
) -> Result<Configured, Status> {
    let consistency = options::consistency(&options.consistency)?;
    let mut policy = DefaultPolicy::builder().token_aware(true);
    if !options.local_dc.is_empty() {
        policy = policy
            .prefer_datacenter(options.local_dc.clone())
            .permit_dc_failover(false);
    }
    let policy = policy.build();
    let request_timeout = request_timeout(options);
    let profile = ExecutionProfile::builder()
        .load_balancing_policy(policy.clone())
        .consistency(consistency)
        .request_timeout(request_timeout)
        .build();
    let per_host = NonZeroUsize::new(options.connections_per_host as usize);
    let mut builder = SessionBuilder::new()
        .known_nodes(hosts)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(connect_timeout(options))
        .pool_size(PoolSize::PerHost(per_host.unwrap_or(NonZeroUsize::MIN)))
        // Routing needs the keyspace's replication, not its columns: those schema.rs reads.
        .fetch_full_schema_metadata(false);
    if !options.local_dc.is_empty() {
        // No connection to other data centres either: their nodes may be far, or out of reach.
        builder = builder.host_filter(Arc::new(DcHostFilter::new(options.local_dc.clone())));
    }
    if let Some(limit) = request_timeout {
        // Not sooner than an answer may take: it may wait behind pages on a slow line.
        let interval = (limit / 3).clamp(LIVENESS_INTERVAL_MIN, LIVENESS_INTERVAL_MAX);
        builder = builder
            .keepalive_interval(interval)
            .keepalive_timeout(limit.max(LIVENESS_TIMEOUT_MIN));
    }
    if !options.keyspace.is_empty() {
        builder = builder.keyspaces_to_fetch([options.keyspace.clone()]);
    }
    if !options.user.is_empty() {
        builder = builder.user(options.user.clone(), options.password.clone());
    }
    if let Some(context) = tls::context(options, refusal)? {
        builder = builder.tls_context(Some(context));
    }
    Ok((builder, policy))
}

/// An unknown data centre would leave the driver without a node to send anything to.
fn check_data_centre(state: &ClusterState, local_dc: &str) -> Result<(), Status> {
    let known: BTreeSet<&str> = state
        .get_nodes_info()
        .iter()
        .filter_map(|node| node.datacenter.as_deref())
        .collect();
    if local_dc.is_empty() || known.contains(local_dc) {
        return Ok(());
    }
    if known.is_empty() {
        // The driver opens a session even where it could not read who is in the cluster.
        return Err(Status::new(
            Code::Connect,
            "the cluster's nodes could not be read from system.local and system.peers",
        ));
    }
    let known: Vec<_> = known.into_iter().collect();
    Err(Status::new(
        Code::Config,
        format!(
            "unknown data centre {local_dc:?}; the cluster has: {}",
            known.join(", ")
        ),
    ))
}

/// The first row of a statement without values that has one.
async fn first_row<Row>(cql: &CqlSession, statement: &str) -> Result<Row, Status>
where
    Row: for<'f, 'm> scylla::deserialize::row::DeserializeRow<'f, 'm>,
{
    let malformed = |error: &dyn std::fmt::Display| Status::new(Code::Malformed, error);
    cql.query_unpaged(statement, ())
        .await
        .map_err(|error| error::execution(&error))?
        .into_rows_result()
        .map_err(|error| malformed(&error))?
        .first_row::<Row>()
        .map_err(|error| malformed(&error))
}

impl Session {
    pub fn new(inner: Result<Inner, Status>) -> Self {
        Self {
            inner: inner.map(Arc::new),
        }
    }

    pub fn status(&self) -> Status {
        self.inner
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_else(Status::ok)
    }

    pub fn identity(&self) -> Identity {
        match &self.inner {
            Ok(inner) => Identity {
                status: Status::ok(),
                cluster: inner.driver.cluster.clone(),
                server_version: inner.driver.server_version.clone(),
            },
            Err(status) => Identity {
                status: status.clone(),
                cluster: String::new(),
                server_version: String::new(),
            },
        }
    }

    pub fn schema(&self) -> Schema {
        let read = self.blocking("reading the schema", |driver| async move {
            schema::read(&driver.cql, &driver.keyspace).await
        });
        read.unwrap_or_else(|status| Schema {
            status,
            tables: Vec::new(),
            offers_sai: false,
        })
    }

    pub fn ring(&self) -> Ring {
        let read = self.blocking("reading the ring", |driver| async move {
            Ok(ring_of(&driver.cql.get_cluster_state(), &driver.local_dc))
        });
        read.unwrap_or_else(|status| Ring {
            status,
            tokens: Vec::new(),
            node_count: 0,
            shard_count: 0,
        })
    }

    /// The clock of the coordinator that the session first asked, carried on by this machine's.
    pub fn server_time(&self) -> ServerTime {
        match &self.inner {
            Ok(inner) => {
                let (shown, asked) = &inner.driver.server_clock;
                ServerTime {
                    status: Status::ok(),
                    unix_ms: shown.0 + asked.elapsed().as_millis() as i64, // not for ages
                }
            }
            Err(status) => ServerTime {
                status: status.clone(),
                unix_ms: 0,
            },
        }
    }

    pub fn is_scylla(&self) -> bool {
        self.inner.as_ref().is_ok_and(|inner| {
            let state = inner.driver.cql.get_cluster_state();
            let sharded = state.get_nodes_info().iter().any(|n| n.sharder().is_some());
            sharded
        })
    }

    pub fn scanner(&self, limits: ScannerLimits) -> Box<Scanner> {
        Box::new(Scanner::new(self.inner.clone(), limits))
    }

    /// Runs `work` on the session's runtime and waits for it.
    fn blocking<T, Work>(
        &self,
        name: &str,
        work: impl FnOnce(Arc<Driver>) -> Work,
    ) -> Result<T, Status>
    where
        Work: Future<Output = Result<T, Status>>,
    {
        let inner = self.inner.as_ref().map_err(Status::clone)?;
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(panicked(name)); // one of the driver's own threads must not wait for itself
        }
        guarded(name, || {
            inner.runtime().block_on(work(inner.driver.clone()))
        })
    }
}

fn is_local(dc: Option<&str>, local_dc: &str) -> bool {
    local_dc.is_empty() || dc.is_some_and(|dc| dc == local_dc)
}

/// The tokens of the nodes of `local_dc`, or of all nodes. A data centre's replicas follow the
/// tokens of its own nodes.
fn ring_of(state: &ClusterState, local_dc: &str) -> Ring {
    let mut tokens: Vec<i64> = state
        .replica_locator()
        .ring()
        .iter()
        .filter(|(_, node)| is_local(node.datacenter.as_deref(), local_dc))
        .map(|(token, _)| token.value())
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    let nodes = state
        .get_nodes_info()
        .iter()
        .filter(|node| is_local(node.datacenter.as_deref(), local_dc));
    let shards: Vec<u32> = nodes
        .map(|node| node.sharder().map_or(1, |s| u32::from(s.nr_shards.get())))
        .collect();
    Ring {
        status: Status::ok(),
        tokens,
        node_count: shards.len() as u32,
        shard_count: shards.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The password is among those that ctest looks for in what is printed here (tests/CMakeLists.txt).
    fn options_for(host: String) -> SessionOptions {
        SessionOptions {
            contact_points: vec![host],
            user: "someone".to_string(),
            password: "SECRETPASS".to_string(),
            local_dc: String::new(),
            keyspace: "ks".to_string(),
            consistency: String::new(),
            tls: false,
            tls_verify: String::new(),
            tls_ca_file: String::new(),
            tls_cert_file: String::new(),
            tls_key_file: String::new(),
            connect_timeout_ms: 2000,
            request_timeout_ms: 2000,
            io_threads: 1,
            connections_per_host: 1,
            token_routing: false,
        }
    }

    #[test]
    fn a_log_in_that_comes_to_nothing_is_told_without_its_password() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let status = open(&options_for(host.clone())).err().expect("refused");
        println!("told: {status:?}");
        assert_eq!(status.code, Code::Connect);
        assert!(status.message.contains(&host), "{}", status.message);
    }
}
