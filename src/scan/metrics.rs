//! Counters of a scan, shown by EXPLAIN ANALYZE beside Parquet's own.

use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, Time};

use super::plan::ResolvedFrom;
use crate::resolve::Resolved;

/// Counters of one partition of a scan.
#[derive(Debug, Clone)]
pub struct ScanMetrics {
    /// Sections whose masks were built from key columns.
    sections_resolved: Count,
    /// Sections whose masks another query had left in the cache.
    sections_from_cache: Count,
    /// Rows whose keys were read to build masks.
    rows_resolved: Count,
    /// Time from asking for a mask to having it.
    pub resolve_time: Time,
    /// Files that masks left no row of.
    pub files_fully_masked: Count,
    /// Rows that took part in the merge of values.
    pub rows_merged: Count,
    /// Rows that deletion vectors or newer versions hid after they were decoded.
    pub rows_masked: Count,
}

impl ScanMetrics {
    pub fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        Self {
            sections_resolved: counter("sections_resolved"),
            sections_from_cache: counter("sections_from_cache"),
            rows_resolved: counter("rows_resolved"),
            resolve_time: MetricBuilder::new(metrics).subset_time("resolve_time", partition),
            files_fully_masked: counter("files_fully_masked"),
            rows_merged: counter("rows_merged"),
            rows_masked: counter("rows_masked"),
        }
    }

    pub fn count_section(&self, resolved: &Resolved, from: ResolvedFrom) {
        match from {
            ResolvedFrom::Query => {}
            ResolvedFrom::Cache => self.sections_from_cache.add(1),
            ResolvedFrom::Files => {
                self.sections_resolved.add(1);
                self.rows_resolved.add(usize::try_from(resolved.rows_compared).unwrap_or(usize::MAX));
            }
        }
    }
}
