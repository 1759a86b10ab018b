//! What must not fail any more: lines `KIND GLOB` of `required.txt`.

use crate::check::Verdict;
use crate::golden_set::Result;
use crate::heading::heading;
use crate::pattern::matches;
use crate::report::Outcome;

const LIST: &str = include_str!("required.txt");

/// Queries of the list that neither passed nor were refused by both.
pub fn failures<'a>(outcomes: &'a [Outcome<'a>]) -> Result<Vec<&'a Outcome<'a>>> {
    let mut rules = Vec::new();
    for line in LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // The kind may have a space in it (`delta batch`), the pattern has none.
        rules.push(line.rsplit_once(' ').ok_or_else(|| format!("required.txt: {line:?} has no pattern"))?);
    }
    let is_required = |outcome: &Outcome| {
        let counted_as = heading(outcome.query);
        rules.iter().any(|(kind, glob)| *kind == counted_as && matches(glob, outcome.query.object()))
    };
    let failed = |outcome: &&Outcome| !matches!(outcome.verdict, Verdict::Passed | Verdict::Refused);
    Ok(outcomes.iter().filter(failed).filter(|outcome| is_required(outcome)).collect())
}
