//! Free functions of the C++ interface, and the guard that keeps panics from crossing it.

use crate::ffi::{Code, QuerySpec, SessionOptions, Status};
use crate::query::Query;
use crate::session::Session;
use crate::token;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Runs `body`; a panic becomes a status, because cxx ends the process on one that reaches C++.
pub fn guarded<T>(name: &str, body: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(panicked(name)))
}

pub fn panicked(name: &str) -> Status {
    Status::new(
        Code::Internal,
        format!("a defect in the driver bridge stopped {name}"),
    )
}

pub fn open_session(options: &SessionOptions) -> Box<Session> {
    Box::new(Session::new(guarded("opening a session", || {
        crate::session::open(options)
    })))
}

pub fn make_query(spec: QuerySpec) -> Box<Query> {
    Box::new(Query::new(spec))
}

pub fn token_of_key(key: &[u8]) -> i64 {
    token::of_serialized_key(key)
}
