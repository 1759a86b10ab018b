//! What the optimizer may know of a scan before it runs.

use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use tarn_catalog::split::{DataFile, DeleteSource, SplitUnit, TableScan};

/// Row counts of a planned scan: exact where no rows merge and every deletion vector says its size.
pub fn statistics_of(scan: &TableScan) -> Statistics {
    let mut statistics = Statistics::new_unknown(&scan.schema.arrow());
    let mut rows = Some(0_u64);
    let mut upper_bound = 0_u64;
    let mut bytes = 0_u64;
    for split in &scan.splits {
        match &split.unit {
            SplitUnit::Files(files) => {
                for file in files {
                    rows = rows.zip(live_rows(file, &scan.deletes)).and_then(|(a, b)| a.checked_add(b));
                }
            }
            SplitUnit::Merge { .. } => rows = None,
            SplitUnit::Zip { groups } => {
                // Every file of a group holds the same rows.
                let widest = groups.iter().map(|files| files.iter().map(|file| file.rows).max().unwrap_or(0));
                upper_bound = upper_bound.saturating_add(widest.sum());
                rows = None;
            }
        }
        if !matches!(split.unit, SplitUnit::Zip { .. }) {
            upper_bound = split.unit.files().fold(upper_bound, |sum, file| sum.saturating_add(file.rows));
        }
        bytes = split.unit.files().fold(bytes, |sum, file| sum.saturating_add(file.size));
    }
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    statistics.num_rows = match rows {
        Some(rows) => Precision::Exact(count(rows)),
        None => Precision::Inexact(count(upper_bound)),
    };
    statistics.total_byte_size = Precision::Inexact(count(bytes));
    statistics
}

fn live_rows(file: &DataFile, deletes: &[DeleteSource]) -> Option<u64> {
    match file.deletes.as_slice() {
        _ if !file.rows_known => None,
        [] => Some(file.rows),
        // Several sources may name the same row; one cannot.
        [only] => match deletes.get(*only)? {
            DeleteSource::Positions { .. } | DeleteSource::Equality(_) => None,
            DeleteSource::Inline(positions) => file.rows.checked_sub(positions.len()),
            DeleteSource::Bitmap { cardinality, .. } => file.rows.checked_sub((*cardinality)?),
        },
        _ => None,
    }
}
