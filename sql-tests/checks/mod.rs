//! Tests that need more than a script of statements.

mod corrupt;
mod demo_figures;
mod pushdown;
mod serving;
mod subscriptions;
mod table_changes;
mod tidy;

use sqllogictest::harness::Trial;

use crate::golden_set::Result;

pub fn trials() -> Result<Vec<Trial>> {
    let mut trials = demo_figures::trials()?;
    trials.extend(corrupt::trials());
    trials.extend(pushdown::trials());
    trials.extend(serving::trials());
    trials.extend(subscriptions::trials());
    trials.extend(table_changes::trials());
    trials.extend(tidy::trials());
    Ok(trials)
}

/// A seed or a number of cases: that of the environment, where it says one.
fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
