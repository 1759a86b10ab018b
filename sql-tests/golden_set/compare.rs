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
    let (mut missing, mut surplus) = differing(&want, &got);
    pair_identity_hashes(&mut missing, &mut surplus);
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

/// Takes out rows that differ only where Java printed the identity of a byte array (`[B@1b2c3d`), which says
/// nothing: there, any bytes in hex will do.
fn pair_identity_hashes(missing: &mut Vec<&Row>, surplus: &mut Vec<&Row>) {
    missing.retain(|want| {
        let matching = surplus.iter().position(|got| {
            want.len() == got.len()
                && want.iter().zip(got.iter()).all(|(want, got)| same_but_for_identity(want, got))
        });
        matching.map(|position| surplus.remove(position)).is_none()
    });
}

fn same_but_for_identity(want: &Value, got: &Value) -> bool {
    let (Value::Text(want), Value::Text(got)) = (want, got) else { return want == got };
    let mut parts = want.split("[B@");
    let Some(mut rest) = parts.next().and_then(|head| got.strip_prefix(head)) else { return false };
    for part in parts {
        let is_hex = |c: char| c.is_ascii_hexdigit();
        rest = rest.trim_start_matches(is_hex);
        match rest.strip_prefix(part.trim_start_matches(is_hex)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
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
        .map(|(name, (want, got))| {
            let (want, got) = (want.to_string(), got.to_string());
            // Of long values, what stands before the first difference says little.
            let same = want.chars().zip(got.chars()).take_while(|(want, got)| want == got).count();
            let skipped = same.saturating_sub(30);
            format!("{name}: got {} want {}", excerpt(&got, skipped), excerpt(&want, skipped))
        })
        .collect();
    shorten(&format!("{} | in {}", cells.join("; "), describe(names, want)), 2 * SHOWN_CHARS_MAX)
}

fn describe(names: &[&str], row: &Row) -> String {
    let cells: Vec<String> = names.iter().zip(row).map(|(name, value)| format!("{name}={value}")).collect();
    shorten(&cells.join(" "), SHOWN_CHARS_MAX)
}

fn excerpt(text: &str, skipped: usize) -> String {
    let rest: String = text.chars().skip(skipped).collect();
    let dots = if skipped > 0 { "..." } else { "" };
    format!("{dots}{}", shorten(&rest, 80))
}

fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
