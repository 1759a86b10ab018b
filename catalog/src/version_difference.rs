//! How the rows of two versions differ, in formats whose files' rows stand for themselves.
//!
//! Both versions are planned under one schema. Files that both have under the same deletes cancel each
//! other. Of a file that both have under different deletes only those rows count which one side deletes
//! and the other does not; of any other file all rows that its side leaves.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;

use crate::changes::{ChangeLog, ChangeStep, ChangeWork, Commit, Images, LogColumn, LogLayout, RowKinds};
use crate::error::{Error, Result};
use crate::schema::TableSchema;
use crate::split::{DataFile, DeleteSource, PruningCounts, SplitUnit, TableScan};
use crate::table::{ScanRequest, TableVersion};

/// Which rows tell of the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Rows that are oftener on one side than on the other: a row that only moved to another file is no
    /// change.
    Differing,
    /// All rows that went with their file or came with it.
    AsWritten,
}

/// The changes from a version, or from nothing, to another.
#[derive(Debug)]
pub struct VersionDifference {
    before: Option<Arc<dyn TableVersion>>,
    after: Arc<dyn TableVersion>,
    commit: Commit,
    told: Told,
    pairs: Vec<usize>,
    layout: LogLayout,
}

impl VersionDifference {
    /// Both versions have the schema of `after`. `commit` is told of every change.
    pub fn new(
        before: Option<Arc<dyn TableVersion>>,
        after: Arc<dyn TableVersion>,
        commit: Commit,
        told: Told,
    ) -> Self {
        Self { before, after, commit, told, pairs: Vec::new(), layout: change_layout() }
    }

    /// The same changes, with updates of rows that these columns identify.
    pub fn pairing_updates_by(self, pairs: Vec<usize>) -> Self {
        Self { pairs, ..self }
    }
}

impl VersionDifference {
    /// What of a filter both sides may be pruned by: where rows make updates, columns that both images share.
    fn sound(&self, request: &ScanRequest) -> ScanRequest {
        if self.pairs.is_empty() {
            return request.clone();
        }
        let schema = self.after.schema();
        let ids: Vec<i32> =
            self.pairs.iter().filter_map(|place| Some(schema.fields.get(*place)?.id)).collect();
        ScanRequest { predicate: request.predicate.over(&ids) }
    }
}

/// The columns of a log that tells each row's kind and nothing else.
pub fn change_layout() -> LogLayout {
    LogLayout::new(vec![LogColumn::ChangeType("_change_type")])
}

#[async_trait]
impl ChangeLog for VersionDifference {
    fn table_schema(&self) -> Arc<TableSchema> {
        self.after.schema()
    }

    fn layout(&self) -> &LogLayout {
        &self.layout
    }

    async fn steps(&self, request: &ScanRequest) -> Result<Vec<ChangeStep>> {
        let request = &self.sound(request);
        let after = self.after.plan(request).await?;
        let before = match &self.before {
            Some(before) => before.plan(request).await?,
            None => empty(&after),
        };
        let (gone, come) = apart(before, after)?;
        let commit = Some(self.commit);
        if has_files(&gone) && has_files(&come) && self.told == Told::Differing {
            let work = ChangeWork::Difference {
                before: gone,
                after: come,
                key: Vec::new(),
                pairs: self.pairs.clone(),
                images: Images::Both,
                value_changed: Vec::new(),
            };
            return Ok(vec![ChangeStep { commit, kinds: RowKinds::Insertions, pairs_updates: false, work }]);
        }
        let sides = [(gone, RowKinds::Deletions), (come, RowKinds::Insertions)];
        let sides = sides.into_iter().filter(|(scan, _)| has_files(scan));
        let step = |(scan, kinds)| rows_of(scan, kinds, commit);
        Ok(sides.map(step).collect())
    }
}

/// The rows of a scan as they stand.
pub fn rows_of(scan: TableScan, kinds: RowKinds, commit: Option<Commit>) -> ChangeStep {
    ChangeStep { commit, kinds, pairs_updates: false, work: ChangeWork::Rows { scan, deleted: false } }
}

fn empty(like: &TableScan) -> TableScan {
    TableScan {
        table: like.table.clone(),
        snapshot_id: None,
        schema: Arc::clone(&like.schema),
        file_schemas: Vec::new(),
        deletes: Vec::new(),
        splits: Vec::new(),
        pruning: PruningCounts::default(),
    }
}

fn has_files(scan: &TableScan) -> bool {
    scan.splits.iter().any(|split| split.unit.files().next().is_some())
}

/// The files of either scan that the other has not, and of files that both have the rows that one of them
/// alone deletes; each file for itself, whatever it merges with.
pub fn differing_files(before: &TableScan, after: &TableScan) -> Result<(TableScan, TableScan)> {
    apart(loose(before), loose(after))
}

fn loose(scan: &TableScan) -> TableScan {
    let mut scan = scan.clone();
    for split in &mut scan.splits {
        split.unit = SplitUnit::Files(split.unit.files().cloned().collect());
    }
    scan
}

/// What is left of two scans once what they have in common is taken away.
fn apart(mut before: TableScan, mut after: TableScan) -> Result<(TableScan, TableScan)> {
    let (old, new) = (deletes_by_file(&before)?, deletes_by_file(&after)?);
    keep_differing(&mut before, &new)?;
    keep_differing(&mut after, &old)?;
    Ok((before, after))
}

type DeletesByFile = HashMap<Path, Vec<DeleteSource>>;

fn deletes_by_file(scan: &TableScan) -> Result<DeletesByFile> {
    let mut all = HashMap::new();
    for file in scan.splits.iter().flat_map(|split| split.unit.files()) {
        if all.insert(file.path.clone(), deletes_of(scan, file)?).is_some() {
            let feature = format!("what changed while its file {} is listed twice", file.path);
            return Err(Error::unsupported(scan.table.as_str(), feature));
        }
    }
    Ok(all)
}

fn deletes_of(scan: &TableScan, file: &DataFile) -> Result<Vec<DeleteSource>> {
    let sources = file.deletes.iter().map(|index| {
        let missing = || Error::corrupt(file.path.as_ref(), format!("delete source {index} is not there"));
        scan.deletes.get(*index).cloned().ok_or_else(missing)
    });
    sources.collect()
}

/// Keeps the files that the other side has not, and of the others the rows that it deletes.
fn keep_differing(scan: &mut TableScan, other: &DeletesByFile) -> Result<()> {
    for split in &mut scan.splits {
        let SplitUnit::Files(files) = &mut split.unit else {
            return Err(Error::unsupported(scan.table.as_str(), "what changed between rows that merge"));
        };
        let mut kept = Vec::new();
        for mut file in std::mem::take(files) {
            let Some(theirs) = other.get(&file.path) else {
                kept.push(file);
                continue;
            };
            let own = |source: &DeleteSource| {
                file.deletes.iter().any(|index| scan.deletes.get(*index) == Some(source))
            };
            // What both delete is gone on either side.
            let theirs: Vec<DeleteSource> = theirs.iter().filter(|source| !own(source)).cloned().collect();
            if !theirs.is_empty() {
                let first = scan.deletes.len();
                scan.deletes.extend(theirs);
                file.deleted_by = Some((first..scan.deletes.len()).collect());
                kept.push(file);
            }
        }
        *files = kept;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::row_positions::RowPositions;
    use crate::split::{FileFormat, Split};

    fn positions(rows: &[u64]) -> DeleteSource {
        let rows: roaring::RoaringTreemap = rows.iter().copied().collect();
        DeleteSource::Inline(Arc::new(RowPositions::from(rows)))
    }

    /// A scan of files, each with the rows that its deletes name.
    fn scan(files: &[(&str, &[&[u64]])]) -> TableScan {
        let mut scan = TableScan {
            table: "t".to_owned(),
            snapshot_id: None,
            schema: Arc::new(TableSchema {
                id: 0,
                fields: Vec::new(),
                partition_keys: Vec::new(),
                primary_key: Vec::new(),
                options: Default::default(),
                comment: None,
            }),
            file_schemas: Vec::new(),
            deletes: Vec::new(),
            splits: Vec::new(),
            pruning: PruningCounts::default(),
        };
        let mut planned = Vec::new();
        for (path, deletes) in files {
            let first = scan.deletes.len();
            scan.deletes.extend(deletes.iter().map(|rows| positions(rows)));
            let file = DataFile::alone(Path::from(*path), FileFormat::Parquet, 1, 9);
            planned.push(DataFile { deletes: (first..scan.deletes.len()).collect(), ..file });
        }
        scan.splits = vec![Split { partition: Arc::default(), bucket: 0, unit: SplitUnit::Files(planned) }];
        scan
    }

    /// The files of a scan with the sources that choose among their rows.
    fn left(scan: &TableScan) -> Vec<(String, Option<Vec<DeleteSource>>)> {
        let files = scan.splits.iter().flat_map(|split| split.unit.files());
        let chosen = |file: &DataFile| {
            file.deleted_by.as_ref().map(|by| by.iter().map(|at| scan.deletes[*at].clone()).collect())
        };
        files.map(|file| (file.path.to_string(), chosen(file))).collect()
    }

    #[test]
    fn files_that_both_have_count_for_the_rows_that_one_deletes() {
        let before = scan(&[("same", &[&[1]]), ("more", &[&[1]]), ("gone", &[&[5]]), ("back", &[&[7]])]);
        let after = scan(&[("same", &[&[1]]), ("more", &[&[1], &[2]]), ("new", &[]), ("back", &[])]);
        let (gone, come) = apart(before, after).unwrap();
        assert_eq!(
            left(&gone),
            [("more".to_owned(), Some(vec![positions(&[2])])), ("gone".to_owned(), None)]
        );
        assert_eq!(left(&come), [("new".to_owned(), None), ("back".to_owned(), Some(vec![positions(&[7])]))]);
    }

    #[test]
    fn a_file_that_is_listed_twice_is_refused() {
        let twice = scan(&[("f", &[]), ("f", &[])]);
        assert!(apart(twice, scan(&[])).is_err());
    }
}
