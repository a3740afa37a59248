//! A keyspace's tables and columns, read from system_schema. Not on the data path: once a sync.

use crate::error;
use crate::ffi::{Code, ColumnKind, ColumnSpec, IndexSpec, Schema, Status, TableSpec};
use crate::type_text::{self, UserTypes};
use scylla::client::session::Session as CqlSession;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::query_result::QueryRowsResult;
use scylla::value::{CqlTimestamp, CqlValue};
use std::collections::{BTreeMap, HashMap};

/// All tables of a keyspace and its materialised views, by name, in a fixed number of requests, sent
/// side by side.
/// Error `Schema` where there is no such keyspace, with the names of those there are.
pub async fn read(cql: &CqlSession, keyspace: &str) -> Result<Schema, Status> {
    let ((), user_types, mut tables, indexes, views, columns, drops, offers_sai) = tokio::try_join!(
        check_keyspace(cql, keyspace),
        user_types(cql, keyspace),
        tables(cql, keyspace),
        query(
            cql,
            "SELECT table_name, index_name, options FROM system_schema.indexes \
             WHERE keyspace_name = ?",
            keyspace,
        ),
        query(
            cql,
            "SELECT view_name, base_table_name, id FROM system_schema.views \
             WHERE keyspace_name = ?",
            keyspace,
        ),
        query(
            cql,
            "SELECT table_name, column_name, kind, position, type \
             FROM system_schema.columns WHERE keyspace_name = ?",
            keyspace,
        ),
        query(
            cql,
            "SELECT table_name, column_name, dropped_time \
             FROM system_schema.dropped_columns WHERE keyspace_name = ?",
            keyspace,
        ),
        offers_sai(cql),
    )?;
    add_indexes(&indexes, &mut tables)?;
    add_views(&views, &mut tables)?;
    for row in rows_of::<(String, String, String, i32, String)>(&columns)? {
        let (table, name, kind, position, type_text) = row?;
        // The columns of views that stand for an index are here too.
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
    tell_returned_columns(&drops, &mut tables)?;
    let tables = tables
        .into_iter()
        .map(|(name, table)| TableSpec {
            name,
            id: table.id,
            is_view: table.is_view,
            indexes: table.indexes,
            columns: in_selection_order(selectable(&table.flags, table.columns)),
        })
        .collect();
    Ok(Schema {
        status: Status::ok(),
        tables,
        offers_sai,
    })
}

#[derive(Default)]
struct RawTable {
    id: String,
    flags: Vec<String>,
    is_view: bool,
    indexes: Vec<IndexSpec>,
    columns: Vec<(i32, ColumnSpec)>,
}

async fn tables(cql: &CqlSession, keyspace: &str) -> Result<BTreeMap<String, RawTable>, Status> {
    let rows = query(
        cql,
        "SELECT table_name, id, flags FROM system_schema.tables WHERE keyspace_name = ?",
        keyspace,
    )
    .await?;
    let mut tables = BTreeMap::new();
    for row in rows_of::<(String, CqlValue, Option<Vec<String>>)>(&rows)? {
        let (name, id, flags) = row?;
        let table = RawTable {
            id: uuid_text(&id),
            flags: flags.unwrap_or_default(),
            ..RawTable::default()
        };
        tables.insert(name, table);
    }
    Ok(tables)
}

fn uuid_text(value: &CqlValue) -> String {
    value.as_uuid().map(|id| id.to_string()).unwrap_or_default()
}

/// Whether the server knows storage-attached indexes, by the table in which it would list them. A
/// server without virtual tables refuses the question: it has none.
async fn offers_sai(cql: &CqlSession) -> Result<bool, Status> {
    let asked = query(
        cql,
        "SELECT table_name FROM system_virtual_schema.tables \
         WHERE keyspace_name = ? AND table_name = 'sai_column_indexes'",
        "system_views",
    )
    .await;
    match asked {
        Ok(rows) => Ok(rows.rows_num() > 0),
        Err(status) if matches!(status.code, Code::InvalidQuery | Code::Unauthorized) => Ok(false),
        Err(status) => Err(status),
    }
}

/// In the order of their names: the index name is the clustering key.
fn add_indexes(
    rows: &QueryRowsResult,
    tables: &mut BTreeMap<String, RawTable>,
) -> Result<(), Status> {
    for row in rows_of::<(String, String, Option<HashMap<String, String>>)>(rows)? {
        let (table, name, options) = row?;
        let mut options = options.unwrap_or_default();
        if let Some(found) = tables.get_mut(&table) {
            found.indexes.push(IndexSpec {
                name,
                class_name: options.remove("class_name").unwrap_or_default(),
                target: options.remove("target").unwrap_or_default(),
            });
        }
    }
    Ok(())
}

fn add_views(
    rows: &QueryRowsResult,
    tables: &mut BTreeMap<String, RawTable>,
) -> Result<(), Status> {
    for row in rows_of::<(String, String, CqlValue)>(rows)? {
        let (name, base, id) = row?;
        let indexes = tables.get(&base).map_or(&[][..], |table| &table.indexes);
        if stands_for_index(&name, indexes) {
            continue;
        }
        let view = RawTable {
            id: uuid_text(&id),
            flags: vec!["compound".to_string()], // no view has compact storage
            is_view: true,
            ..RawTable::default()
        };
        tables.insert(name, view);
    }
    Ok(())
}

/// ScyllaDB keeps each secondary index in a view named after it.
fn stands_for_index(view: &str, indexes: &[IndexSpec]) -> bool {
    view.strip_suffix("_index")
        .is_some_and(|name| indexes.iter().any(|index| index.name == name))
}

/// A column that was dropped and is there again holds nothing of what it held before, which no row's
/// cursor tells: with it the table is another one, as if it had been made anew. The server keeps
/// when a column was dropped, since it hides what was written before.
fn tell_returned_columns(
    rows: &QueryRowsResult,
    tables: &mut BTreeMap<String, RawTable>,
) -> Result<(), Status> {
    for row in rows_of::<(String, String, Option<CqlTimestamp>)>(rows)? {
        let (table, name, dropped) = row?;
        if let (Some(found), Some(CqlTimestamp(dropped_ms))) = (tables.get_mut(&table), dropped) {
            found.tell_drop(&name, dropped_ms);
        }
    }
    Ok(())
}

impl RawTable {
    fn tell_drop(&mut self, column: &str, dropped_ms: i64) {
        if self.columns.iter().any(|(_, there)| there.name == column) {
            self.id += &format!("+{column}@{dropped_ms}");
        }
    }
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

/// The columns that statements may name. A table WITH COMPACT STORAGE lists others too, which stand
/// for how it is stored. One that is neither compound nor dense keeps its columns as statics beside
/// an invented clustering and regular column; a dense one without a value has a value of type
/// "empty".
fn selectable(flags: &[String], mut columns: Vec<(i32, ColumnSpec)>) -> Vec<(i32, ColumnSpec)> {
    let has = |flag: &str| flags.iter().any(|has| has == flag);
    let count = |kind| columns.iter().filter(|(_, c)| c.kind == kind).count();
    let is_static_compact = !["compound", "dense", "super"].into_iter().any(has)
        && count(ColumnKind::Static) > 0
        && count(ColumnKind::Clustering) == 1
        && count(ColumnKind::Regular) == 1;
    if is_static_compact {
        columns.retain(|(_, c)| matches!(c.kind, ColumnKind::PartitionKey | ColumnKind::Static));
        for (_, column) in &mut columns {
            if column.kind == ColumnKind::Static {
                column.kind = ColumnKind::Regular;
            }
        }
    } else if has("dense") {
        let empty = type_text::encode("empty", "", &UserTypes::new());
        columns.retain(|(_, c)| c.kind != ColumnKind::Regular || c.type_option != empty);
    }
    columns
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

    fn names_and_kinds(columns: Vec<(i32, ColumnSpec)>) -> Vec<(String, ColumnKind)> {
        let columns = columns.into_iter();
        columns.map(|(_, c)| (c.name, c.kind)).collect()
    }

    #[test]
    fn a_compact_table_without_clustering_shows_its_statics_as_plain_columns() {
        let columns = || {
            vec![
                (0, column("column1", ColumnKind::Clustering)),
                (0, column("k", ColumnKind::PartitionKey)),
                (-1, column("v", ColumnKind::Static)),
                (-1, column("value", ColumnKind::Regular)),
            ]
        };
        assert_eq!(
            names_and_kinds(selectable(&[], columns())),
            [
                ("k".to_string(), ColumnKind::PartitionKey),
                ("v".to_string(), ColumnKind::Regular)
            ]
        );
        assert_eq!(selectable(&["compound".to_string()], columns()).len(), 4);
    }

    #[test]
    fn a_dense_table_without_a_value_has_none() {
        let mut value = column("value", ColumnKind::Regular);
        value.type_option = type_text::encode("empty", "ks", &UserTypes::new());
        let columns = vec![
            (0, column("k", ColumnKind::PartitionKey)),
            (0, column("c", ColumnKind::Clustering)),
            (-1, value),
        ];
        let shown = names_and_kinds(selectable(&["dense".to_string()], columns));
        assert_eq!(shown.len(), 2);
        let dense = ["compound".to_string(), "dense".to_string()];
        let with_value = vec![(-1, column("v", ColumnKind::Regular))];
        assert_eq!(selectable(&dense, with_value).len(), 1);
    }

    #[test]
    fn a_column_that_returns_after_a_drop_makes_another_table_each_time() {
        let mut table = RawTable {
            id: "5bc5".to_string(),
            columns: vec![(-1, column("n", ColumnKind::Regular))],
            ..RawTable::default()
        };
        table.tell_drop("gone", 5);
        assert_eq!(table.id, "5bc5");
        table.tell_drop("n", 7);
        assert_eq!(table.id, "5bc5+n@7");
    }

    #[test]
    fn only_the_view_of_an_index_of_its_own_table_stands_for_it() {
        let index = |name: &str| IndexSpec {
            name: name.to_string(),
            class_name: String::new(),
            target: String::new(),
        };
        let indexes = [index("by_time")];
        assert!(stands_for_index("by_time_index", &indexes));
        assert!(!stands_for_index("by_time", &indexes));
        assert!(!stands_for_index("by_day_index", &indexes));
        assert!(!stands_for_index("by_time_index", &[]));
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
