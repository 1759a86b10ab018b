//! `\d`, `\dt`, `\dn` and `\l`: what there is.

use std::fmt::Write;

use crate::engine::{Session, TableDescription};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::wire_type;
use crate::sql::parse_name;

/// Options that say how a table is laid out or merged, and what stands for them where they are not set.
const TOLD: [(&str, &str); 4] = [
    ("bucket", "-1 (dynamic)"),
    ("merge-engine", "deduplicate"),
    ("changelog-producer", "none"),
    ("deletion-vectors.enabled", "false"),
];

/// Tables of one database, or of those that bare names are looked for in.
pub(super) async fn tables(session: &Session, database: Option<&str>) -> Result<String> {
    let databases = match database {
        Some(name) => vec![name.to_owned()],
        None => session.lake().databases().await?,
    };
    let mut rows = Vec::new();
    for database in databases {
        for table in session.lake().tables(&database).await? {
            rows.push(vec![database.clone(), table]);
        }
    }
    Ok(columns(&["database", "table"], &rows))
}

pub(super) async fn databases(session: &Session) -> Result<String> {
    let path = session.search_path().await?;
    let rows: Vec<Vec<String>> = session
        .lake()
        .databases()
        .await?
        .into_iter()
        .map(|name| {
            let searched = if path.contains(&name) { "bare names are looked for here" } else { "" };
            vec![name, searched.to_owned()]
        })
        .collect();
    Ok(columns(&["database", ""], &rows))
}

pub(super) fn lakes(session: &Session) -> String {
    let rows: Vec<Vec<String>> = session
        .engine()
        .lakes()
        .iter()
        .map(|lake| {
            let here = if lake.name() == session.lake().name() { "you are here" } else { "" };
            vec![lake.name().to_owned(), here.to_owned()]
        })
        .collect();
    columns(&["lake", ""], &rows)
}

/// Columns, keys and options of one table.
pub(super) async fn table(session: &Session, name: &str) -> Result<String> {
    let parts = parse_name(name)?;
    let (shown, description) = find(session, &parts).await?.ok_or_else(|| {
        Error::new(ErrorKind::UndefinedTable, format!("relation \"{name}\" does not exist"))
    })?;
    let schema = &description.schema;
    let rows: Vec<Vec<String>> = schema
        .fields
        .iter()
        .map(|field| {
            let nullable = if field.nullable { "" } else { "not null" };
            let comment = field.description.clone().unwrap_or_default();
            vec![
                field.name.clone(),
                wire_type(&field.arrow()).kind.name().to_owned(),
                nullable.to_owned(),
                comment,
            ]
        })
        .collect();
    let mut text = format!("Table {shown}, {}\n", description.format);
    text.push_str(&columns(&["column", "type", "", "comment"], &rows));
    let mut tell = |what: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what}: {value}");
    };
    if let Some(comment) = schema.comment.as_deref().filter(|comment| !comment.is_empty()) {
        tell("Comment", comment);
    }
    if !schema.primary_key.is_empty() {
        tell("Primary key", &schema.primary_key.join(", "));
    }
    if !schema.partition_keys.is_empty() {
        tell("Partitioned by", &schema.partition_keys.join(", "));
    }
    if let Some(snapshot) = description.snapshot_id {
        tell("Latest snapshot", &snapshot.to_string());
    }
    for (option, default) in TOLD {
        if let Some(value) = schema.option(option) {
            tell(option, value);
        } else if option == "merge-engine" && !schema.primary_key.is_empty() {
            tell(option, default);
        }
    }
    let others = schema.options.iter().filter(|(name, _)| !TOLD.iter().any(|(told, _)| told == name));
    others.for_each(|(name, value)| tell(name, value));
    Ok(text)
}

async fn find(session: &Session, parts: &[String]) -> Result<Option<(String, TableDescription)>> {
    let (lake, database, table) = match parts {
        [table] => {
            for database in session.search_path().await? {
                if let Some(found) = session.lake().describe(&database, table).await? {
                    return Ok(Some((format!("{database}.{table}"), found)));
                }
            }
            return Ok(None);
        }
        [database, table] => (session.lake(), database, table),
        [lake, database, table] => match session.engine().lake(lake) {
            Some(lake) => (lake, database, table),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let found = lake.describe(database, table).await?;
    Ok(found.map(|found| (format!("{database}.{table}"), found)))
}

/// A small table of texts.
fn columns(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let values = rows.iter().filter_map(|row| row.get(column)).map(|value| value.chars().count());
        values.chain(header.get(column).map(|name| name.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |values: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> =
            values.zip(&widths).map(|(value, width)| format!("{value:<width$}")).collect();
        format!(" {}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}
