//! The driver's errors as codes and one readable line. The driver nests them deeply and prints every
//! level; only the innermost cause and the server's own words are kept.

use crate::ffi::{Code, Status};
use scylla::errors::{
    BrokenConnectionError, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind,
    DbError, ExecutionError, MetadataError, MetadataFetchErrorKind, NewSessionError, PrepareError,
    RequestAttemptError,
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

    /// The same status with `context` and ": " before its message.
    pub fn within(self, context: &str) -> Self {
        Self {
            code: self.code,
            message: format!("{context}: {}", self.message),
        }
    }
}

/// Why a session could not be opened on any of `hosts`.
pub fn new_session(error: &NewSessionError, hosts: &str) -> Status {
    let cause = match error {
        NewSessionError::FailedToResolveAnyHostname(_) => {
            Status::new(Code::Connect, "no such host name")
        }
        NewSessionError::EmptyKnownNodesList => return Status::new(Code::Config, "no host given"),
        NewSessionError::IllegalConfig(what) => return Status::new(Code::Config, what),
        NewSessionError::MetadataError(error) => metadata(error),
        other => Status::new(Code::Internal, other),
    };
    let hint = match cause.code {
        Code::Connect => "; check host and port, and that the cluster is up",
        Code::Auth => "; check user and password",
        Code::Tls => "; check the TLS settings and the server's certificate",
        _ => "",
    };
    Status::new(
        cause.code,
        format!("cannot connect to {hosts}: {}{hint}", cause.message),
    )
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

/// True where a statement failed because what it names is gone, by the server's words.
pub fn names_something_gone(error: &ExecutionError) -> bool {
    match failed_attempt(error) {
        Some(RequestAttemptError::DbError(DbError::Invalid, reason)) => {
            let reason = reason.to_lowercase();
            let gone = [
                "undefined column",
                "unconfigured table",
                "does not exist",
                "unrecognized name",
            ];
            gone.iter().any(|words| reason.contains(words))
        }
        Some(RequestAttemptError::RepreparedIdChanged { .. }) => true,
        _ => false,
    }
}

/// True where the failure of a request that carried a saved paging state can be the state's fault.
/// Cassandra answers a protocol error to most bad ones; what decodes by chance fails as a server
/// error or in the replicas, and must not be sent again and again.
pub fn may_refuse_paging_state(error: &ExecutionError) -> bool {
    match failed_attempt(error) {
        Some(RequestAttemptError::DbError(error, reason)) => match error {
            DbError::ProtocolError | DbError::ServerError | DbError::ReadFailure { .. } => true,
            DbError::Invalid => reason.to_lowercase().contains("paging"),
            _ => false,
        },
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
    let code = match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::ConfigError
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. } => Code::InvalidQuery,
        DbError::AuthenticationError => Code::Auth,
        DbError::Unauthorized => Code::Unauthorized,
        DbError::Unavailable { .. } => Code::Unavailable,
        DbError::Overloaded | DbError::IsBootstrapping | DbError::RateLimitReached { .. } => {
            Code::Overloaded
        }
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => Code::ServerTimeout,
        DbError::ReadFailure { .. } => Code::Unavailable,
        _ => Code::Internal,
    };
    // Only these carry figures that the server's own words may lack.
    let shows_figures = matches!(
        error,
        DbError::Unavailable { .. } | DbError::ReadTimeout { .. } | DbError::ReadFailure { .. }
    );
    let message = if shows_figures || reason.is_empty() {
        one_line(&error.to_string())
    } else {
        one_line(reason)
    };
    Status::new(code, message)
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

fn broken(_error: &BrokenConnectionError) -> Status {
    Status::new(Code::Connect, "the connection broke")
}

/// TLS failures come as I/O errors: only their text tells them from others.
fn io(error: &std::io::Error) -> Status {
    let message = error.to_string();
    let text = format!("{message} {error:?}").to_lowercase();
    let is_tls = ["ssl", "certificate", "tls"]
        .iter()
        .any(|word| text.contains(word));
    if is_tls {
        return Status::new(Code::Tls, openssl_reason(&message));
    }
    let plain = message.split(" (os error").next().unwrap_or(&message);
    Status::new(Code::Connect, one_line(plain).to_lowercase())
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
    fn a_refused_connection_names_the_hosts_and_the_cause_only() {
        let refused = std::io::Error::from_raw_os_error(111);
        let error = NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken {
                last_connection_error: ConnectionError::IoError(std::sync::Arc::new(refused)),
            },
        ));
        let status = new_session(&error, "127.0.0.1:1");
        assert_eq!(status.code, Code::Connect);
        assert_eq!(
            status.message,
            "cannot connect to 127.0.0.1:1: connection refused; \
             check host and port, and that the cluster is up"
        );
    }

    #[test]
    fn a_paging_state_is_blamed_for_protocol_and_server_errors_but_not_for_overload() {
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
        assert!(!may_refuse_paging_state(&answered(DbError::Overloaded, "")));
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
    }
}
