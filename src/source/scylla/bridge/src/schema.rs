//! A keyspace's tables and columns, read from system_schema. Not on the data path: once a sync.

use crate::error;
use crate::ffi::{Code, ColumnKind, ColumnSpec, Status, TableSpec};
use crate::type_text::{self, UserTypes};
use scylla::client::session::Session as CqlSession;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::query_result::QueryRowsResult;
use scylla::value::CqlValue;
use std::collections::BTreeMap;

/// All tables of a keyspace by name, without its views.
/// Error `Schema` where there is no such keyspace, with the names of those there are.
pub async fn read(cql: &CqlSession, keyspace: &str) -> Result<Vec<TableSpec>, Status> {
    check_keyspace(cql, keyspace).await?;
    let user_types = user_types(cql, keyspace).await?;
    let mut tables = tables(cql, keyspace).await?;
    let rows = query(
        cql,
        "SELECT table_name, column_name, kind, position, type \
         FROM system_schema.columns WHERE keyspace_name = ?",
        keyspace,
    )
    .await?;
    for row in rows_of::<(String, String, String, i32, String)>(&rows)? {
        let (table, name, kind, position, type_text) = row?;
        // The columns of views are here too; views are not in `tables`.
        let Some(found) = tables.get_mut(&table) else {
            continue;
        };
        let spec = ColumnSpec {
            kind: column_kind(&kind, keyspace, &table, &name)?,
            type_option: type_text::encode(&type_text, keyspace, &user_types),
            name,
        };
        found.columns.push((position, spec));
    }
    Ok(tables
        .into_iter()
        .map(|(name, table)| TableSpec {
            name,
            id: table.id,
            columns: in_selection_order(table.columns),
        })
        .collect())
}

struct RawTable {
    id: String,
    columns: Vec<(i32, ColumnSpec)>,
}

async fn tables(cql: &CqlSession, keyspace: &str) -> Result<BTreeMap<String, RawTable>, Status> {
    let rows = query(
        cql,
        "SELECT table_name, id FROM system_schema.tables WHERE keyspace_name = ?",
        keyspace,
    )
    .await?;
    let mut tables = BTreeMap::new();
    for row in rows_of::<(String, CqlValue)>(&rows)? {
        let (name, id) = row?;
        let table = RawTable {
            id: id.as_uuid().map(|id| id.to_string()).unwrap_or_default(),
            columns: Vec::new(),
        };
        tables.insert(name, table);
    }
    Ok(tables)
}

async fn user_types(cql: &CqlSession, keyspace: &str) -> Result<UserTypes, Status> {
    let rows = query(
        cql,
        "SELECT type_name, field_names, field_types FROM system_schema.types \
         WHERE keyspace_name = ?",
        keyspace,
    )
    .await?;
    let mut types = UserTypes::new();
    for row in rows_of::<(String, Option<Vec<String>>, Option<Vec<String>>)>(&rows)? {
        let (name, names, texts) = row?;
        let fields = names.unwrap_or_default().into_iter();
        types.insert(name, fields.zip(texts.unwrap_or_default()).collect());
    }
    Ok(types)
}

async fn check_keyspace(cql: &CqlSession, keyspace: &str) -> Result<(), Status> {
    let result = cql
        .query_unpaged("SELECT keyspace_name FROM system_schema.keyspaces", ())
        .await
        .map_err(|error| error::execution(&error))?
        .into_rows_result()
        .map_err(|error| Status::new(Code::Malformed, error))?;
    let mut names = Vec::new();
    for row in rows_of::<(String,)>(&result)? {
        names.push(row?.0);
    }
    if names.iter().any(|name| name == keyspace) {
        return Ok(());
    }
    Err(missing_keyspace(keyspace, names))
}

fn missing_keyspace(keyspace: &str, mut names: Vec<String>) -> Status {
    names.retain(|name| name != "system" && !name.starts_with("system_"));
    names.sort_unstable();
    let others = if names.is_empty() {
        "the cluster has none".to_string()
    } else {
        format!("there are: {}", names.join(", "))
    };
    Status::new(
        Code::Schema,
        format!("keyspace {keyspace:?} does not exist; {others}"),
    )
}

fn column_kind(
    kind: &str,
    keyspace: &str,
    table: &str,
    column: &str,
) -> Result<ColumnKind, Status> {
    match kind {
        "partition_key" => Ok(ColumnKind::PartitionKey),
        "clustering" => Ok(ColumnKind::Clustering),
        "static" => Ok(ColumnKind::Static),
        "regular" => Ok(ColumnKind::Regular),
        other => Err(Status::new(
            Code::Schema,
            format!("column {keyspace}.{table}.{column} is of the unknown kind {other:?}"),
        )),
    }
}

/// Key columns by position (others have position -1), then static and regular columns by name.
fn in_selection_order(mut columns: Vec<(i32, ColumnSpec)>) -> Vec<ColumnSpec> {
    columns.sort_by(|(position_a, a), (position_b, b)| {
        (a.kind, position_a, &a.name).cmp(&(b.kind, position_b, &b.name))
    });
    columns.into_iter().map(|(_, column)| column).collect()
}

async fn query(
    cql: &CqlSession,
    statement: &str,
    keyspace: &str,
) -> Result<QueryRowsResult, Status> {
    cql.query_unpaged(statement, (keyspace,))
        .await
        .map_err(|error| error::execution(&error))?
        .into_rows_result()
        .map_err(|error| Status::new(Code::Malformed, error))
}

fn rows_of<'r, Row: DeserializeRow<'r, 'r> + 'r>(
    result: &'r QueryRowsResult,
) -> Result<impl Iterator<Item = Result<Row, Status>> + 'r, Status> {
    let rows = result
        .rows::<Row>()
        .map_err(|error| Status::new(Code::Malformed, error))?;
    Ok(rows.map(|row| row.map_err(|error| Status::new(Code::Malformed, error))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnKind) -> ColumnSpec {
        ColumnSpec {
            name: name.to_string(),
            kind,
            type_option: vec![0, 9],
        }
    }

    #[test]
    fn columns_are_ordered_by_key_position_then_static_then_regular_by_name() {
        let ordered = in_selection_order(vec![
            (-1, column("b", ColumnKind::Regular)),
            (1, column("a", ColumnKind::PartitionKey)),
            (0, column("z", ColumnKind::PartitionKey)),
            (-1, column("a2", ColumnKind::Regular)),
            (0, column("c", ColumnKind::Clustering)),
            (-1, column("x", ColumnKind::Static)),
        ]);
        let names: Vec<_> = ordered.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["z", "a", "c", "x", "a2", "b"]);
    }

    #[test]
    fn a_missing_keyspace_is_told_with_the_users_own_keyspaces() {
        let names = ["system", "system_auth", "Sales", "nyc"];
        let status = missing_keyspace("NYC", names.map(String::from).to_vec());
        assert_eq!(status.code, Code::Schema);
        assert_eq!(
            status.message,
            "keyspace \"NYC\" does not exist; there are: Sales, nyc"
        );
    }
}
