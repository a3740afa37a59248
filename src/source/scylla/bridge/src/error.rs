//! The driver's errors as codes and one readable line. The driver nests them deeply and prints every
//! level; only the innermost cause and the server's own words are kept.

use crate::ffi::{Code, Status};
use scylla::errors::{
    BrokenConnectionError, BrokenConnectionErrorKind, ConnectionError, ConnectionPoolError,
    ConnectionSetupRequestErrorKind, DbError, ExecutionError, FrameHeaderParseError, MetadataError,
    MetadataFetchErrorKind, NewSessionError, PrepareError, RequestAttemptError,
};

impl Status {
    pub fn ok() -> Self {
        Self {
            code: Code::Ok,
            message: String::new(),
        }
    }

    pub fn new(code: Code, message: impl ToString) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }
}

/// How servers say, in lower case, that a column, a table or a keyspace is no longer there.
const GONE: [&str; 10] = [
    "undefined column",
    "unconfigured table",
    "does not exist",
    "unrecognized name",
    "unknown cf",
    "unknown table",
    "unknown keyspace",
    "couldn't find table",
    "can't find a column family",
    "no such column family",
];

/// Why a session could not be opened; of several hosts, the driver keeps the last one's cause.
pub fn new_session(error: &NewSessionError) -> Status {
    match error {
        NewSessionError::FailedToResolveAnyHostname(_) => {
            Status::new(Code::Connect, "no such host name")
        }
        NewSessionError::EmptyKnownNodesList => Status::new(Code::Config, "no host given"),
        NewSessionError::IllegalConfig(what) => Status::new(Code::Config, what),
        NewSessionError::MetadataError(error) => metadata(error),
        other => Status::new(Code::Internal, other),
    }
}

/// No session on any host: each host with its cause. The code is that of a host that answered, if
/// one did: a refused log-in says more than hosts that are down.
pub fn no_host(causes: &[(String, Status)]) -> Status {
    let code = causes
        .iter()
        .map(|(_, cause)| cause.code)
        .find(|code| !matches!(*code, Code::Connect | Code::Ok))
        .unwrap_or(Code::Connect);
    let hint = match code {
        Code::Connect => "; check host and port, and that the cluster is up",
        Code::Auth => "; check user and password",
        Code::Tls => {
            "; check the TLS settings, the server's certificate and, where the cluster asks for \
             one, the client's"
        }
        _ => "",
    };
    let hosts = match causes {
        [(host, cause)] => format!("{host}: {}", cause.message),
        several => {
            let each = several.iter().map(|(host, cause)| match cause.code {
                Code::Ok => format!("{host} (answers now)"),
                _ => format!("{host} ({})", cause.message),
            });
            each.collect::<Vec<_>>().join(", ")
        }
    };
    Status::new(code, format!("cannot connect to {hosts}{hint}"))
}

pub fn metadata(error: &MetadataError) -> Status {
    match error {
        MetadataError::ConnectionPoolError(error) => pool(error),
        MetadataError::FetchError(error) => match &error.error {
            MetadataFetchErrorKind::PrepareError(attempt_error) => attempt(attempt_error),
            MetadataFetchErrorKind::NextRowError(cause) => {
                Status::new(Code::Connect, format!("reading {}: {cause}", error.table))
            }
            cause => Status::new(Code::Schema, format!("reading {}: {cause}", error.table)),
        },
        other => Status::new(Code::Schema, other),
    }
}

pub fn prepare(error: &PrepareError) -> Status {
    match error {
        PrepareError::ConnectionPoolError(error) => pool(error),
        PrepareError::AllAttemptsFailed { first_attempt } => attempt(first_attempt),
        other => Status::new(Code::Internal, other),
    }
}

pub fn execution(error: &ExecutionError) -> Status {
    match error {
        ExecutionError::BadQuery(error) => Status::new(Code::InvalidQuery, error),
        ExecutionError::EmptyPlan => Status::new(
            Code::Unavailable,
            "no node of the data centre is up to take the request",
        ),
        ExecutionError::PrepareError(error) => prepare(error),
        ExecutionError::ConnectionPoolError(error) => pool(error),
        ExecutionError::LastAttemptError(error) => attempt(error),
        ExecutionError::RequestTimeout(after) => Status::new(
            Code::ClientTimeout,
            format!("no answer within {} ms", after.as_millis()),
        ),
        ExecutionError::MetadataError(error) => metadata(error),
        other => Status::new(Code::Internal, other),
    }
}

/// True where a statement failed because what it names is gone, by the server's words. A table that
/// is dropped under a running statement fails as a server error, from within the storage.
pub fn names_something_gone(error: &ExecutionError) -> bool {
    match failed_attempt(error) {
        Some(RequestAttemptError::DbError(DbError::Invalid | DbError::ServerError, reason)) => {
            let reason = reason.to_lowercase();
            GONE.iter().any(|words| reason.contains(words))
        }
        Some(RequestAttemptError::RepreparedIdChanged { .. }) => true,
        _ => false,
    }
}

/// True where the failure of a request that carried a saved paging state can be the state's fault.
/// Cassandra answers a protocol error to most bad ones; what decodes by chance fails as a server
/// error. A failure in the replicas is not the state's: what they stumble over, tombstones most
/// often, lies in the range and is met again without the state.
pub fn may_refuse_paging_state(error: &ExecutionError) -> bool {
    match failed_attempt(error) {
        Some(RequestAttemptError::DbError(
            DbError::ProtocolError | DbError::ServerError | DbError::Invalid,
            _,
        )) => !names_something_gone(error),
        _ => false,
    }
}

fn failed_attempt(error: &ExecutionError) -> Option<&RequestAttemptError> {
    match error {
        ExecutionError::LastAttemptError(attempt) => Some(attempt),
        ExecutionError::PrepareError(PrepareError::AllAttemptsFailed { first_attempt }) => {
            Some(first_attempt)
        }
        _ => None,
    }
}

fn attempt(error: &RequestAttemptError) -> Status {
    match error {
        RequestAttemptError::DbError(error, reason) => database(error, reason),
        RequestAttemptError::BrokenConnectionError(error) => broken(error),
        RequestAttemptError::SerializationError(error) => Status::new(Code::InvalidQuery, error),
        RequestAttemptError::CqlResultParseError(error) => Status::new(Code::Malformed, error),
        other => Status::new(Code::Internal, other),
    }
}

fn database(error: &DbError, reason: &str) -> Status {
    if let DbError::ReadFailure { numfailures, .. } = error {
        return read_failure(*numfailures, reason);
    }
    let code = match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::ConfigError
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. } => Code::InvalidQuery,
        DbError::AuthenticationError | DbError::Unauthorized if misses_replicas(reason) => {
            Code::Unavailable
        }
        DbError::AuthenticationError => Code::Auth,
        DbError::Unauthorized => Code::Unauthorized,
        DbError::Unavailable { .. } => Code::Unavailable,
        DbError::Overloaded | DbError::IsBootstrapping | DbError::RateLimitReached { .. } => {
            Code::Overloaded
        }
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => Code::ServerTimeout,
        DbError::ServerError => return server_failure(reason),
        _ => Code::Internal,
    };
    // Only these carry figures that the server's own words may lack.
    let shows_figures = matches!(
        error,
        DbError::Unavailable { .. } | DbError::ReadTimeout { .. }
    );
    let message = if shows_figures || reason.is_empty() {
        one_line(&error.to_string())
    } else {
        one_line(reason)
    };
    Status::new(code, message)
}

/// True where a server could not find out whether it may answer: the replicas of its own tables of
/// roles are down. It says so as a refusal, which this is not.
fn misses_replicas(reason: &str) -> bool {
    reason.starts_with("Unable to perform auth")
}

/// The server ran into an error of its own, as Cassandra does when it meets a table that is being
/// dropped. It may pass, or be told in clearer words the next time.
fn server_failure(reason: &str) -> Status {
    Status::new(
        Code::ReadFailure,
        format!("the server failed ({}); look at its log", one_line(reason)),
    )
}

/// Replicas answered that they failed. The server's words may name the reason, most are in its log.
fn read_failure(failures: i32, reason: &str) -> Status {
    let said = match one_line(reason) {
        words if words.is_empty() => words,
        words => format!(" ({words})"),
    };
    Status::new(
        Code::ReadFailure,
        format!(
            "{failures} of the replicas failed while reading{said}: most often too many tombstones \
             in the range (tombstone_failure_threshold), or a corrupt or overloaded node; look at \
             the server's log"
        ),
    )
}

fn pool(error: &ConnectionPoolError) -> Status {
    match error {
        ConnectionPoolError::Broken {
            last_connection_error,
        } => connection(last_connection_error),
        ConnectionPoolError::Initializing => {
            Status::new(Code::Connect, "the connections are still being made")
        }
        other => Status::new(Code::Connect, other),
    }
}

fn connection(error: &ConnectionError) -> Status {
    match error {
        ConnectionError::ConnectTimeout => Status::new(Code::Connect, "no answer in time"),
        ConnectionError::IoError(error) => io(error),
        ConnectionError::BrokenConnection(error) => broken(error),
        ConnectionError::ConnectionSetupRequestError(error) => setup(error.get_error()),
        other => Status::new(Code::Connect, other),
    }
}

fn setup(error: &ConnectionSetupRequestErrorKind) -> Status {
    match error {
        ConnectionSetupRequestErrorKind::DbError(error, reason) => database(error, reason),
        ConnectionSetupRequestErrorKind::MissingAuthentication => {
            Status::new(Code::Auth, "the cluster asks for a user and a password")
        }
        ConnectionSetupRequestErrorKind::StartAuthSessionError(error)
        | ConnectionSetupRequestErrorKind::AuthFinishError(error) => Status::new(Code::Auth, error),
        ConnectionSetupRequestErrorKind::BrokenConnection(error) => broken(error),
        other => Status::new(Code::Connect, other),
    }
}

const BROKEN: &str = "the connection broke";

/// A node may refuse a client's certificate, or the lack of one, only after the handshake (TLS 1.3): its
/// alert is what the next read meets. Every other end of a connection may be another's the next time.
fn broken(error: &BrokenConnectionError) -> Status {
    let told = match error.downcast_ref::<BrokenConnectionErrorKind>() {
        Some(BrokenConnectionErrorKind::FrameHeaderParseError(
            FrameHeaderParseError::HeaderIoError(cause),
        ))
        | Some(BrokenConnectionErrorKind::WriteError(cause)) => alert(cause),
        _ => None,
    };
    told.unwrap_or_else(|| Status::new(Code::Connect, BROKEN))
}

/// The alert by which a node ended an encrypted connection, if that is what the failure is.
pub fn alert(error: &std::io::Error) -> Option<Status> {
    let cause = io(error);
    if cause.code != Code::Tls || !cause.message.contains(" alert") {
        return None;
    }
    let refused = format!(
        "the node ended the encrypted connection ({}{})",
        cause.message,
        meaning(&cause.message)
    );
    Some(Status::new(Code::Tls, refused))
}

/// True where a connection ended and nothing told why.
pub fn is_broken(status: &Status) -> bool {
    status.code == Code::Connect && status.message == BROKEN
}

/// What an alert behind the handshake means where its own name does not say it: Cassandra's TLS has no
/// alert of its own for a chain that is not trusted.
fn meaning(alert: &str) -> &'static str {
    if alert.contains("internal error") || alert.contains("InternalError") {
        ": so Cassandra answers a client's certificate whose authority it does not trust"
    } else {
        ""
    }
}

/// TLS failures come as I/O errors: only their text tells them from others.
fn io(error: &std::io::Error) -> Status {
    let message = error.to_string();
    let text = format!("{message} {error:?}").to_lowercase();
    let is_tls = ["ssl", "certificate", "tls"]
        .iter()
        .any(|word| text.contains(word));
    if is_tls || is_of_rustls(error) {
        return Status::new(Code::Tls, openssl_reason(&message));
    }
    let plain = message.split(" (os error").next().unwrap_or(&message);
    Status::new(Code::Connect, one_line(plain).to_lowercase())
}

#[cfg(feature = "rustls")]
fn is_of_rustls(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|cause| cause.is::<rustls::Error>())
}

#[cfg(not(feature = "rustls"))]
fn is_of_rustls(_error: &std::io::Error) -> bool {
    false
}

/// The readable part of OpenSSL's "error:CODE:library:function:reason:file:line:(verification)".
fn openssl_reason(message: &str) -> String {
    let Some(reason) = message
        .strip_prefix("error:")
        .and_then(|m| m.split(':').nth(3))
    else {
        return one_line(message);
    };
    match message.rfind('(') {
        Some(at) if message.ends_with(')') => format!("{reason} {}", &message[at..]),
        _ => reason.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::frame::types::Consistency;

    fn answered(error: DbError, reason: &str) -> ExecutionError {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, reason.to_string()))
    }

    #[test]
    fn the_servers_words_are_the_message_and_its_code_ours() {
        let status = execution(&answered(DbError::Invalid, "Undefined\n column name x"));
        assert_eq!(status.code, Code::InvalidQuery);
        assert_eq!(status.message, "Undefined column name x");
        assert_eq!(
            execution(&answered(DbError::Unauthorized, "no SELECT")).code,
            Code::Unauthorized
        );
        assert_eq!(
            execution(&answered(DbError::Overloaded, "")).code,
            Code::Overloaded
        );
    }

    #[test]
    fn a_servers_own_failure_is_tried_again_and_no_defect_of_ours() {
        let status = execution(&answered(
            DbError::ServerError,
            "java.lang.NullPointerException",
        ));
        assert_eq!(status.code, Code::ReadFailure);
        assert_eq!(
            status.message,
            "the server failed (java.lang.NullPointerException); look at its log"
        );
    }

    #[test]
    fn a_server_that_cannot_read_its_roles_is_unavailable_and_no_refusal() {
        for (error, reason) in [
            (
                DbError::Unauthorized,
                "Unable to perform authorization of super-user permission: Operation timed out - \
                 received only 1 responses.",
            ),
            (
                DbError::AuthenticationError,
                "Unable to perform authentication: Cannot achieve consistency level QUORUM",
            ),
        ] {
            let status = execution(&answered(error, reason));
            assert_eq!(status.code, Code::Unavailable);
            assert_eq!(status.message, reason);
        }
        let wrong = "Provided username bob and/or password are incorrect";
        assert_eq!(
            execution(&answered(DbError::AuthenticationError, wrong)).code,
            Code::Auth
        );
    }

    #[test]
    fn a_refused_connection_names_the_host_and_the_cause_only() {
        let refused = std::io::Error::from_raw_os_error(111);
        let error = NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken {
                last_connection_error: ConnectionError::IoError(std::sync::Arc::new(refused)),
            },
        ));
        let status = no_host(&[("127.0.0.1:1".to_string(), new_session(&error))]);
        assert_eq!(status.code, Code::Connect);
        assert_eq!(
            status.message,
            "cannot connect to 127.0.0.1:1: connection refused; \
             check host and port, and that the cluster is up"
        );
    }

    #[test]
    fn of_several_hosts_each_is_named_with_its_own_cause() {
        let host = |name: &str, code, message| (name.to_string(), Status::new(code, message));
        let down = [
            host("a:1", Code::Connect, "connection refused"),
            host("b:1", Code::Connect, "no such host name"),
            ("c:1".to_string(), Status::ok()),
        ];
        let status = no_host(&down);
        assert_eq!(status.code, Code::Connect);
        assert_eq!(
            status.message,
            "cannot connect to a:1 (connection refused), b:1 (no such host name), \
             c:1 (answers now); check host and port, and that the cluster is up"
        );
        let refused = [
            host("a:1", Code::Connect, "connection refused"),
            host("b:1", Code::Auth, "wrong password"),
        ];
        assert_eq!(no_host(&refused).code, Code::Auth);
    }

    #[test]
    fn a_paging_state_is_blamed_for_what_the_server_makes_of_the_request_only() {
        assert!(may_refuse_paging_state(&answered(
            DbError::ProtocolError,
            "Invalid value"
        )));
        assert!(may_refuse_paging_state(&answered(
            DbError::ServerError,
            "underflow"
        )));
        assert!(may_refuse_paging_state(&answered(
            DbError::Invalid,
            "Invalid paging state"
        )));
        assert!(!may_refuse_paging_state(&answered(
            DbError::Invalid,
            "unconfigured table t"
        )));
        assert!(!may_refuse_paging_state(&answered(
            DbError::ServerError,
            "java.lang.IllegalArgumentException: Unknown CF 5b1f"
        )));
        assert!(!may_refuse_paging_state(&answered(DbError::Overloaded, "")));
    }

    #[test]
    fn a_read_that_fails_in_the_replicas_is_transient_and_not_the_paging_states_fault() {
        let failure = DbError::ReadFailure {
            consistency: Consistency::One,
            received: 0,
            required: 1,
            numfailures: 1,
            data_present: false,
        };
        let words = "Operation failed - received 0 responses and 1 failures";
        let error = answered(failure, words);
        assert!(!may_refuse_paging_state(&error));
        let status = execution(&error);
        assert_eq!(status.code, Code::ReadFailure);
        assert_eq!(
            status.message,
            "1 of the replicas failed while reading (Operation failed - received 0 responses and 1 \
             failures): most often too many tombstones in the range (tombstone_failure_threshold), \
             or a corrupt or overloaded node; look at the server's log"
        );
    }

    #[test]
    fn a_tls_failure_keeps_the_reason_and_the_verification_result() {
        let failed = "error:0A000086:SSL routines:tls_post_process_server_certificate:\
                      certificate verify failed:../ssl/statem/statem_clnt.c:1889:: \
                      (self-signed certificate)";
        let status = io(&std::io::Error::other(failed));
        assert_eq!(status.code, Code::Tls);
        assert_eq!(
            status.message,
            "certificate verify failed (self-signed certificate)"
        );
        let plain = "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:f.c:350:";
        assert_eq!(
            io(&std::io::Error::other(plain)).message,
            "wrong version number"
        );
    }

    #[test]
    fn an_alert_behind_the_handshake_is_told_and_an_end_without_one_is_a_broken_connection() {
        let met = |text: &str| {
            let cause = FrameHeaderParseError::HeaderIoError(std::io::Error::other(text));
            broken(&BrokenConnectionErrorKind::FrameHeaderParseError(cause).into())
        };
        let alert = met(
            "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:\
             ../ssl/record/rec_layer_s3.c:1590:SSL alert number 116",
        );
        assert_eq!(alert.code, Code::Tls);
        assert_eq!(
            alert.message,
            "the node ended the encrypted connection (tlsv13 alert certificate required)"
        );
        let stranger = met(
            "error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:\
             ../ssl/record/rec_layer_s3.c:1590:SSL alert number 80",
        );
        assert!(stranger.message.contains(
            "alert internal error: so Cassandra answers a client's certificate whose authority"
        ));
        let end = met(
            "error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:\
                       ../ssl/record/rec_layer_s3.c:320:",
        );
        assert_eq!(end.code, Code::Connect);
        assert_eq!(end.message, "the connection broke");
    }

    #[test]
    fn a_statement_on_a_dropped_column_or_table_is_told_from_other_refusals() {
        assert!(names_something_gone(&answered(
            DbError::Invalid,
            "Undefined column name b in ks.t"
        )));
        assert!(names_something_gone(&answered(
            DbError::Invalid,
            "unconfigured table t"
        )));
        assert!(!names_something_gone(&answered(
            DbError::Invalid,
            "Invalid token"
        )));
        assert!(!names_something_gone(&answered(
            DbError::ServerError,
            "java.lang.NullPointerException"
        )));
    }

    #[test]
    fn a_table_dropped_under_a_scan_is_gone_in_a_server_errors_words_too() {
        for words in [
            "java.lang.IllegalArgumentException: Unknown CF 5b1f",
            "Unknown CF 5b1f",
            "java.lang.IllegalArgumentException: Unknown keyspace/cf pair (ks.t)",
            "unknown table ks.t",
            "Couldn't find table with id 5b1f",
            "Can't find a column family with UUID 5b1f",
        ] {
            for kind in [DbError::ServerError, DbError::Invalid] {
                assert!(names_something_gone(&answered(kind, words)), "{words}");
            }
        }
    }
}
