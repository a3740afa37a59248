//! A range scan's statement with what its pages must look like; shared by all scans of one table.

use crate::ffi::{Code, QuerySpec, Status};
use crate::types;
use scylla::response::query_result::ColumnSpecs;
use std::sync::Arc;

pub struct Query {
    spec: Arc<QuerySpec>,
}

impl Query {
    pub fn new(spec: QuerySpec) -> Self {
        Self {
            spec: Arc::new(spec),
        }
    }

    pub fn spec(&self) -> Arc<QuerySpec> {
        self.spec.clone()
    }
}

/// Ok where a page has just the columns that the query expects; else a `SchemaChanged`.
pub fn check_columns(query: &QuerySpec, got: ColumnSpecs<'_, '_>) -> Result<(), Status> {
    if got.len() != query.columns.len() {
        return Err(changed(&format!(
            "{} columns came, not {}",
            got.len(),
            query.columns.len()
        )));
    }
    let mut option = Vec::with_capacity(32);
    for (expected, column) in query.columns.iter().zip(got.iter()) {
        if expected.name != column.name() {
            return Err(changed(&format!(
                "column {:?} came, not {:?}",
                column.name(),
                expected.name
            )));
        }
        option.clear();
        types::encode(column.typ(), &mut option);
        if expected.type_option != option {
            return Err(changed(&format!(
                "column {:?} has another type",
                expected.name
            )));
        }
    }
    Ok(())
}

/// The table is no longer what the query was made for.
pub fn changed(what: &str) -> Status {
    Status::new(
        Code::SchemaChanged,
        format!("the table was altered or dropped meanwhile: {what}; run again to read it anew"),
    )
}
