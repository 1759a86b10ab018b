//! How far a query is, shown once it lasts.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::ProgressCounts;

/// Queries that are done earlier show nothing.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Time between two looks at a query.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A line on standard error, gone when it is dropped.
pub(super) struct ProgressLine {
    started: Instant,
    bar: Option<ProgressBar>,
}

impl ProgressLine {
    pub fn start() -> Self {
        Self { started: Instant::now(), bar: None }
    }

    /// Shows what was done so far.
    pub fn show(&mut self, counts: Option<ProgressCounts>) {
        let elapsed = self.started.elapsed();
        if elapsed < SHOWN_AFTER {
            return;
        }
        let bar = self.bar.get_or_insert_with(new_bar);
        bar.set_message(match counts {
            Some(counts) => describe(counts, elapsed),
            None => format!("planning, {:.1} s", elapsed.as_secs_f64()),
        });
        bar.tick();
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{spinner} {msg} (Ctrl-C cancels)") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn describe(counts: ProgressCounts, elapsed: Duration) -> String {
    let mut parts = vec![format!("{} rows", HumanCount(counts.rows as u64))];
    if counts.bytes > 0 {
        parts.push(HumanBytes(counts.bytes as u64).to_string());
    }
    if counts.files > 0 {
        parts.push(format!("{} files", counts.files));
    }
    parts.push(format!("{:.1} s", elapsed.as_secs_f64()));
    parts.join(", ")
}
