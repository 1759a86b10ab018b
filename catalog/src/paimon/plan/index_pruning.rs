//! Leaving out files by the file indexes that their manifest entries carry.
//!
//! Indexes beside the data file would cost a request each, so they are left to whoever reads the file.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::error::Result;
use crate::paimon::file_index::{IndexedFile, Matching};
use crate::predicate::Predicate;
use crate::split::{DataFile, FileIndexSource, FileSchema, SplitUnit, TableScan};

/// Drops files, and sections that merge by picking a version, in which no row can match.
pub async fn prune_by_file_indexes(
    scan: &mut TableScan,
    store: &Arc<dyn ObjectStore>,
    predicate: &Predicate,
) -> Result<()> {
    if *predicate == Predicate::True {
        return Ok(());
    }
    let test =
        IndexTest { schemas: scan.file_schemas.clone(), table: Arc::clone(&scan.schema), store, predicate };
    let mut kept = Vec::with_capacity(scan.splits.len());
    for mut split in std::mem::take(&mut scan.splits) {
        let before = split.unit.files().count();
        match &mut split.unit {
            SplitUnit::Files(files) => *files = test.matching(std::mem::take(files)).await?,
            SplitUnit::Merge { runs, rule } if rule.engine.picks_one_version() => {
                if !test.any_matches(runs.iter().flatten()).await? {
                    runs.clear();
                }
            }
            SplitUnit::Merge { .. } | SplitUnit::Zip { .. } => {}
        }
        let after = split.unit.files().count();
        scan.pruning.files_pruned += (before - after) as u64;
        if after > 0 {
            kept.push(split);
        }
    }
    scan.splits = kept;
    Ok(())
}

struct IndexTest<'a> {
    schemas: Vec<Arc<FileSchema>>,
    table: Arc<crate::schema::TableSchema>,
    store: &'a Arc<dyn ObjectStore>,
    predicate: &'a Predicate,
}

impl IndexTest<'_> {
    async fn matching(&self, files: Vec<DataFile>) -> Result<Vec<DataFile>> {
        let mut matching = Vec::with_capacity(files.len());
        for file in files {
            if self.matches(&file).await? {
                matching.push(file);
            }
        }
        Ok(matching)
    }

    async fn any_matches(&self, files: impl Iterator<Item = &DataFile>) -> Result<bool> {
        for file in files {
            if self.matches(file).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn matches(&self, file: &DataFile) -> Result<bool> {
        let (Some(source @ FileIndexSource::Embedded(_)), Some(schema)) =
            (&file.index, self.schemas.get(file.file_schema))
        else {
            return Ok(true);
        };
        let indexed = IndexedFile { source, path: &file.path, rows: file.rows, schema };
        Ok(indexed.matching(self.store, &self.table, self.predicate).await? != Matching::Skip)
    }
}
