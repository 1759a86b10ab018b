//! Lines and columns, as the parser counts, to positions, as Postgres counts.

use datafusion::sql::sqlparser::tokenizer::Location;

/// Characters from the start of `text` to a location, counted from 1; `None` for the empty location.
pub fn position_of(text: &str, location: Location) -> Option<usize> {
    if location.line == 0 || location.column == 0 {
        return None;
    }
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(location.line).ok()?.saturating_sub(1))
        .map(|line| line.chars().count())
        .sum();
    Some(before + usize::try_from(location.column).ok()?)
}
