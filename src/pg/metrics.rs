//! Counters of the server, and their text for Prometheus (exposition format 0.0.4).

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;

use super::registry::{ActivityState, Registry};

/// Upper bounds of the buckets of statement times, in milliseconds.
const BUCKETS_MILLIS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30_000, 120_000];

/// How long statements took.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS_MILLIS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
}

impl Histogram {
    pub fn observe(&self, elapsed: Duration) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_MILLIS.iter().position(|bound| micros <= bound * 1000);
        if let Some(bucket) = bucket.and_then(|bucket| self.buckets.get(bucket)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Counts by SQLSTATE.
#[derive(Debug, Default)]
pub struct ByCode(DashMap<&'static str, u64>);

impl ByCode {
    pub fn add(&self, code: &'static str) {
        *self.0.entry(code).or_default() += 1;
    }
}

#[derive(Debug, Default)]
pub struct Metrics {
    pub connections: AtomicU64,
    /// Connections that were turned away before they were sessions.
    pub refused: AtomicU64,
    pub statements: Histogram,
    pub errors: ByCode,
}

impl Metrics {
    /// The text for a scrape.
    pub fn render(&self, registry: &Registry) -> String {
        let mut text = String::new();
        counter(&mut text, "tarn_connections_total", "Connections that were accepted.", &self.connections);
        counter(&mut text, "tarn_connections_refused_total", "Connections turned away.", &self.refused);
        let states = [
            ActivityState::Starting,
            ActivityState::Idle,
            ActivityState::Active,
            ActivityState::IdleInTransaction,
            ActivityState::IdleInFailedTransaction,
        ];
        head(&mut text, "tarn_sessions", "Sessions by what they do.", "gauge");
        for state in states {
            let count = registry.count(state);
            let _infallible = writeln!(text, "tarn_sessions{{state=\"{}\"}} {count}", state.name());
        }
        self.render_statements(&mut text);
        head(&mut text, "tarn_errors_total", "Errors sent to clients by SQLSTATE.", "counter");
        let mut errors: Vec<(&str, u64)> = self.errors.0.iter().map(|entry| (*entry.key(), *entry)).collect();
        errors.sort_unstable();
        for (code, count) in errors {
            let _infallible = writeln!(text, "tarn_errors_total{{sqlstate=\"{code}\"}} {count}");
        }
        text
    }

    fn render_statements(&self, text: &mut String) {
        let name = "tarn_statement_seconds";
        head(text, name, "Time of statements, from their start to their last row.", "histogram");
        let mut below = 0;
        for (bound, bucket) in BUCKETS_MILLIS.iter().zip(&self.statements.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let bound = *bound as f64 / 1000.0;
            let _infallible = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let count = self.statements.count.load(Ordering::Relaxed);
        let sum = self.statements.sum_micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _infallible = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _infallible = writeln!(text, "{name}_sum {sum}\n{name}_count {count}");
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _infallible = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn counter(text: &mut String, name: &str, help: &str, value: &AtomicU64) {
    head(text, name, help, "counter");
    let _infallible = writeln!(text, "{name} {}", value.load(Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let metrics = Metrics::default();
        for millis in [0, 3, 3, 400, 1_000_000] {
            metrics.statements.observe(Duration::from_millis(millis));
        }
        metrics.errors.add("42P01");
        metrics.errors.add("42P01");
        let text = metrics.render(&Registry::default());
        assert!(text.contains("tarn_statement_seconds_bucket{le=\"0.001\"} 1\n"));
        assert!(text.contains("tarn_statement_seconds_bucket{le=\"0.005\"} 3\n"));
        assert!(text.contains("tarn_statement_seconds_bucket{le=\"1\"} 4\n"));
        assert!(text.contains("tarn_statement_seconds_bucket{le=\"+Inf\"} 5\n"));
        assert!(text.contains("tarn_errors_total{sqlstate=\"42P01\"} 2\n"));
    }
}
