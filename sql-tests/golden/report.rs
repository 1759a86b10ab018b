//! What came of a run, for people and for CI.

use std::collections::BTreeMap;

use crate::check::Verdict;
use crate::golden_set::manifest::Query;
use crate::heading::{group, heading};

/// Characters of a wrong query's explanation that are printed.
const EXPLANATION_CHARS_MAX: usize = 900;
/// Distinct reasons for queries that are not there yet.
const REASONS_MAX: usize = 40;

/// A query, how it was asked, and how it went.
pub struct Outcome<'a> {
    pub query: &'a Query,
    pub sql: String,
    pub verdict: Verdict,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub passed: usize,
    pub refused: usize,
    pub not_yet: usize,
    pub wrong: usize,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::NotYet(_) => self.not_yet += 1,
            Verdict::Wrong(_) => self.wrong += 1,
        }
    }

    fn line(&self, heading: &str) -> String {
        let Self { passed, refused, not_yet, wrong } = self;
        format!("{heading} passed {passed} refused {refused} not-yet {not_yet} wrong {wrong}")
    }
}

/// Prints everything and gives the totals.
pub fn print(outcomes: &[Outcome], shown_max: usize) -> Counts {
    let mut total = Counts::default();
    let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
    let mut groups: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for outcome in outcomes {
        let heading = heading(outcome.query);
        let group = group(outcome.query).to_owned();
        total.add(&outcome.verdict);
        groups.entry((heading.clone(), group)).or_default().add(&outcome.verdict);
        kinds.entry(heading).or_default().add(&outcome.verdict);
    }
    for (heading, counts) in &kinds {
        println!("{}", counts.line(heading));
    }
    for ((heading, group), counts) in &groups {
        println!("  {}", counts.line(&format!("{heading} {group}")));
    }
    print_wrong(outcomes, shown_max);
    print_not_yet(outcomes);
    let Counts { passed, refused, not_yet, wrong } = total;
    println!("golden: {passed} passed, {refused} refused by both, {not_yet} not yet, {wrong} wrong");
    total
}

fn print_wrong(outcomes: &[Outcome], shown_max: usize) {
    let wrong = outcomes.iter().filter_map(|outcome| match &outcome.verdict {
        Verdict::Wrong(reason) => Some((outcome, reason)),
        _ => None,
    });
    for (outcome, reason) in wrong.take(shown_max) {
        let reason: String = reason.chars().take(EXPLANATION_CHARS_MAX).collect();
        println!(
            "WRONG {} {}\n  {}\n  {reason}",
            heading(outcome.query),
            outcome.query.object(),
            outcome.sql
        );
    }
}

/// The reasons for "not yet", most frequent first. A table's own name would make each reason a different one.
fn print_not_yet(outcomes: &[Outcome]) {
    let mut reasons: BTreeMap<String, (usize, &str)> = BTreeMap::new();
    for outcome in outcomes {
        if let Verdict::NotYet(reason) = &outcome.verdict {
            let general = reason.replace(&outcome.query.table, "TABLE");
            reasons.entry(general).or_insert((0, &outcome.query.table)).0 += 1;
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let hidden = reasons.len().saturating_sub(REASONS_MAX);
    for (reason, (count, example)) in reasons.into_iter().take(REASONS_MAX) {
        println!("NOT YET {count:5}  {reason}  (as in {example})");
    }
    if hidden > 0 {
        println!("NOT YET  and {hidden} more reasons");
    }
}
