//! System tables show what Java Paimon's show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Local};
use serde_json::{Map, Value as Json};
use tarn_catalog::datum::Datum;
use tarn_catalog::paimon::ObjectName;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::system::{SystemRow, SystemTable, SystemValue};
use tarn_catalog::table::Table;
use tarn_catalog::types::LogicalType;
use tarn_catalog::version::{ReadOptions, VersionSpec};

use crate::golden::{self, Query};

/// How Java prints a byte array: with its address, which no two runs share.
const ADDRESS: &str = "[B@";

#[tokio::test]
async fn golden_queries_give_what_java_gave() {
    let columns = golden::columns();
    let warehouse = golden::warehouse();
    let queries = golden::queries("system");
    assert!(queries.len() > 1000, "{} queries", queries.len());
    let (mut failures, mut failed) = (String::new(), 0);
    for query in &queries {
        let name = ObjectName::parse(&query.object).unwrap();
        let table =
            warehouse.open(golden::DATABASE, &name.table, name.branch.as_deref()).await.unwrap().unwrap();
        let read = ReadOptions { version: VersionSpec::Latest, options: query.options.clone() };
        let system = name.system.unwrap();
        let opened = table.system_table(&system, &read).await.unwrap();
        let opened = opened.unwrap_or_else(|| panic!("no system table {system}"));
        if let Err(reason) = check(query, &system, opened.as_ref(), &columns).await {
            failed += 1;
            writeln!(failures, "{} {:?}: {reason}", query.object, query.options).unwrap();
        }
    }
    assert!(failed == 0, "{failed} of {} failed:\n{failures}", queries.len());
}

async fn check(
    query: &Query,
    name: &str,
    table: &dyn SystemTable,
    columns: &BTreeMap<u64, Json>,
) -> Result<(), String> {
    let schema = table.schema();
    let Some(file) = &query.file else {
        // Where Java has no answer, Tarn makes none up.
        return table
            .rows()
            .await
            .map_or(Ok(()), |rows| Err(format!("{} rows, but Java refused", rows.len())));
    };
    let rows = table.rows().await.map_err(|error| error.to_string())?;
    let described = &columns[&query.columns.unwrap()];
    let ours: Vec<Json> = schema.fields.iter().map(describe).collect();
    if *described != Json::from(ours.clone()) {
        return Err(format!("columns are {described}, not {}", Json::from(ours)));
    }
    let mut actual: Vec<Json> = rows.iter().map(|row| encode_row(&schema.fields, row)).collect();
    if name == "branches" {
        return check_branches(&query.table, &actual, &golden::lines(file));
    }
    for expected in golden::lines(file) {
        match actual.iter().position(|row| row_matches(&expected, row)) {
            Some(index) => drop(actual.swap_remove(index)),
            None => return Err(format!("missing {expected}\n  among {}", Json::from(actual))),
        }
    }
    if actual.is_empty() { Ok(()) } else { Err(format!("too many: {}", Json::from(actual))) }
}

/// Branches are as old as their folders, whose times do not survive packing.
fn check_branches(table: &str, actual: &[Json], expected: &[Json]) -> Result<(), String> {
    let names = |rows: &[Json]| rows.iter().map(|row| row["branch_name"].clone()).collect::<Vec<_>>();
    if names(actual) != names(expected) {
        return Err(format!("branches are {actual:?}, not {expected:?}"));
    }
    for row in actual {
        let folder =
            format!("{}.db/{table}/branch/branch-{}", golden::DATABASE, row["branch_name"].as_str().unwrap());
        let modified = golden::warehouse_path().join(folder).metadata().unwrap().modified().unwrap();
        let modified = DateTime::<Local>::from(modified).format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
        if row["create_time"] != modified.as_str() {
            return Err(format!("branch {row} is of {modified}"));
        }
    }
    Ok(())
}

fn describe(field: &SchemaField) -> Json {
    let nullability = if field.nullable { "" } else { " NOT NULL" };
    serde_json::json!({"name": field.name, "type": format!("{}{nullability}", sql(&field.data_type))})
}

fn sql(data_type: &LogicalType) -> String {
    match data_type {
        LogicalType::Boolean => "BOOLEAN".into(),
        LogicalType::Int => "INT".into(),
        LogicalType::BigInt => "BIGINT".into(),
        LogicalType::Varchar { .. } => "STRING".into(),
        LogicalType::Timestamp { precision } => format!("TIMESTAMP({precision})"),
        LogicalType::Array { element, .. } => format!("ARRAY<{}>", sql(element)),
        LogicalType::Row { fields } => {
            let field = |field: &SchemaField| {
                let nullability = if field.nullable { "" } else { " NOT NULL" };
                format!("`{}` {}{nullability}", field.name, sql(&field.data_type))
            };
            format!("ROW<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => panic!("no system table has a {other:?}"),
    }
}

fn encode_row(fields: &[SchemaField], row: &SystemRow) -> Json {
    assert_eq!(fields.len(), row.len());
    let members =
        fields.iter().zip(row).map(|(field, value)| (field.name.clone(), encode(&field.data_type, value)));
    members.collect::<Map<String, Json>>().into()
}

fn encode(data_type: &LogicalType, value: &SystemValue) -> Json {
    match (data_type, value) {
        (_, SystemValue::Datum(Datum::Null)) => Json::Null,
        (LogicalType::Boolean, SystemValue::Datum(Datum::Boolean(value))) => (*value).into(),
        (LogicalType::Int | LogicalType::BigInt, SystemValue::Datum(Datum::Integer(value))) => {
            (*value).into()
        }
        (LogicalType::Varchar { .. }, SystemValue::Datum(Datum::Text(text))) => {
            text.replace(golden::warehouse_path().to_str().unwrap(), "${WAREHOUSE}").into()
        }
        (
            LogicalType::Timestamp { precision: 3 },
            SystemValue::Datum(Datum::Timestamp { millis, nanos_of_milli }),
        ) => {
            assert_eq!(*nanos_of_milli, 0);
            let time = DateTime::from_timestamp_millis(*millis).unwrap();
            time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string().into()
        }
        (LogicalType::Array { element, .. }, SystemValue::List(items)) => {
            items.iter().map(|item| encode(element, item)).collect::<Vec<_>>().into()
        }
        (LogicalType::Row { fields }, SystemValue::Row(values)) => encode_row(fields, values),
        (data_type, value) => panic!("{value:?} is no {data_type:?}"),
    }
}

fn row_matches(expected: &Json, actual: &Json) -> bool {
    let (Json::Object(expected), Json::Object(actual)) = (expected, actual) else { return false };
    let cells = expected.iter().filter(|(name, _)| *name != "_kind");
    cells.clone().count() == actual.len()
        && cells
            .into_iter()
            .all(|(name, cell)| actual.get(name).is_some_and(|value| cell_matches(cell, value)))
}

fn cell_matches(expected: &Json, actual: &Json) -> bool {
    match (expected, actual) {
        (Json::String(expected), Json::String(actual)) if expected.contains(ADDRESS) => {
            text_matches(expected, actual)
        }
        _ => expected == actual,
    }
}

/// Compares texts in which addresses of Java's arrays stand for hexadecimal digits of ours.
fn text_matches(expected: &str, actual: &str) -> bool {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let mut pieces = expected.split(ADDRESS);
    let Some(mut rest) = actual.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    for piece in pieces {
        let literal = &piece[digits(piece)..];
        match rest[digits(rest)..].strip_prefix(literal) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}
