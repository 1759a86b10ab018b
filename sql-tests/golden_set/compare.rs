//! Comparing an answer with a result, as multisets of rows.

use std::cmp::Ordering;
use std::fmt::Write;

use super::expected::KIND;
use super::manifest::Columns;
use super::value::{Row, Value};

/// How much of a row a report shows.
const SHOWN_CHARS_MAX: usize = 300;

/// What is wrong with a result; `None` where it is exactly the answer.
pub fn difference(
    columns: &Columns,
    with_kind: bool,
    mut want: Vec<Row>,
    mut got: Vec<Row>,
) -> Option<String> {
    let (want_count, got_count) = (want.len(), got.len());
    want.sort_unstable();
    got.sort_unstable();
    let (missing, surplus) = differing(&want, &got);
    if missing.is_empty() && surplus.is_empty() {
        return None;
    }
    let mut report = String::new();
    if want_count != got_count {
        let _ = write!(report, "{got_count} rows instead of {want_count}; ");
    }
    let _ = write!(report, "{} missing, {} not in the answer. ", missing.len(), surplus.len());
    let names = with_kind.then_some(KIND).into_iter().chain(columns.iter().map(|(name, _)| name.as_str()));
    let names: Vec<&str> = names.collect();
    match (missing.first(), closest(missing.first().copied(), &surplus)) {
        (Some(want), Some(got)) => report.push_str(&describe_pair(&names, want, got)),
        (Some(want), None) => report.push_str(&format!("missing: {}", describe(&names, want))),
        (None, Some(got)) => report.push_str(&format!("surplus: {}", describe(&names, got))),
        (None, None) => {}
    }
    Some(report)
}

/// Rows of `want` that `got` lacks, and the other way round; both sides are sorted.
fn differing<'a>(want: &'a [Row], got: &'a [Row]) -> (Vec<&'a Row>, Vec<&'a Row>) {
    let (mut missing, mut surplus) = (Vec::new(), Vec::new());
    let (mut want, mut got) = (want.iter().peekable(), got.iter().peekable());
    while let (Some(left), Some(right)) = (want.peek(), got.peek()) {
        match left.cmp(right) {
            Ordering::Less => missing.extend(want.next()),
            Ordering::Greater => surplus.extend(got.next()),
            Ordering::Equal => {
                want.next();
                got.next();
            }
        }
    }
    missing.extend(want);
    surplus.extend(got);
    (missing, surplus)
}

/// The row of `candidates` that shares most columns with `row`.
fn closest<'a>(row: Option<&Row>, candidates: &[&'a Row]) -> Option<&'a Row> {
    let Some(row) = row else { return candidates.first().copied() };
    let shared = |other: &Row| row.iter().zip(other).filter(|(a, b)| a == b).count();
    candidates.iter().copied().max_by_key(|other| shared(other))
}

fn describe_pair(names: &[&str], want: &Row, got: &Row) -> String {
    let cells = names.iter().zip(want.iter().zip(got)).filter(|(_, (want, got))| want != got);
    let cells: Vec<String> = cells
        .map(|(name, (want, got))| format!("{name}: got {} want {}", shorten(got, 80), shorten(want, 80)))
        .collect();
    shorten_text(&format!("{} | in {}", cells.join("; "), describe(names, want)), 2 * SHOWN_CHARS_MAX)
}

fn describe(names: &[&str], row: &Row) -> String {
    let cells: Vec<String> = names.iter().zip(row).map(|(name, value)| format!("{name}={value}")).collect();
    shorten_text(&cells.join(" "), SHOWN_CHARS_MAX)
}

fn shorten(value: &Value, limit: usize) -> String {
    shorten_text(&value.to_string(), limit)
}

fn shorten_text(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
