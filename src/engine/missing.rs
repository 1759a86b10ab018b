//! What to say when a table is not there: what is there instead.

use datafusion::common::utils::datafusion_strsim::normalized_levenshtein;

use super::lakes::Lake;
use super::query_tables::undefined_table;
use super::session::SessionShared;
use crate::error::{Error, Result};

/// How alike names must be to be worth suggesting, from 0 to 1.
const ALIKE: f64 = 0.5;

/// The error for a table that was not found, with a hint.
pub(super) async fn hint(
    session: &SessionShared,
    lake: &Lake,
    database: Option<&str>,
    table: &str,
) -> Result<Error> {
    let databases = lake.databases().await?;
    if let Some(name) = database
        && !databases.iter().any(|known| known == name)
        && session.engine.system_schema(name).is_none()
    {
        // Postgres says no more than that there is no such relation.
        let error = undefined_table(&format!("{name}.{table}"))
            .with_detail(format!("schema \"{name}\" does not exist"));
        return Ok(match closest(name, &databases) {
            Some(known) => error.with_hint(format!("Did you mean \"{known}\"?")),
            None => error.with_hint(format!("Lake \"{}\" has: {}.", lake.name(), databases.join(", "))),
        });
    }
    let searched = match database {
        Some(name) => vec![name.to_owned()],
        None => session.search_path().await?,
    };
    let shown = database.map_or_else(|| table.to_owned(), |name| format!("{name}.{table}"));
    let error = undefined_table(&shown);
    for name in &searched {
        if session.engine.system_schema(name).is_none()
            && let Some(known) = closest(table, &lake.tables(name).await?)
        {
            return Ok(error.with_hint(format!("Did you mean \"{known}\"?")));
        }
    }
    for name in databases.iter().filter(|name| !searched.contains(name)) {
        if lake.tables(name).await?.iter().any(|known| known == table) {
            return Ok(error.with_hint(format!("Database \"{name}\" has one: {name}.{table}.")));
        }
    }
    Ok(error)
}

/// The name most like another, if it is alike at all. Case alone makes no difference.
pub(crate) fn closest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .iter()
        .map(|candidate| (normalized_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.as_str())
}
