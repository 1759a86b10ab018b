//! What two scans of one table have in common, so that comparing them costs what differs.

use std::collections::HashMap;

use object_store::path::Path;

use crate::split::{DataFile, DeleteSource, SplitUnit, TableScan};

/// A file with what deletes rows in it.
type FileKey = (Path, Vec<DeleteSource>, Option<Vec<DeleteSource>>);

/// The runs of a piece of work; one run of one file where the file stands alone, one of several where these hold
/// columns of the same rows. The same runs give the same rows in every scan of a table.
type UnitKey = Vec<Vec<FileKey>>;

/// Pieces of work by the path of their first file, which is in no other.
type Units = HashMap<Path, UnitKey>;

/// Takes the work out of both scans that both have: files that stand alone, groups of the same files, and
/// sections of the same runs.
pub fn cancel_common_units(before: &mut TableScan, after: &mut TableScan) {
    let (old, new) = (units(before), units(after));
    keep_differing(before, &new);
    keep_differing(after, &old);
}

fn keep_differing(scan: &mut TableScan, other: &Units) {
    let deletes = &scan.deletes;
    let differs = |unit: UnitKey| {
        let first = unit.first().and_then(|run| run.first()).map(|(path, ..)| path);
        first.and_then(|first| other.get(first)) != Some(&unit)
    };
    scan.splits.retain_mut(|split| match &mut split.unit {
        SplitUnit::Files(files) => {
            files.retain(|file| differs(vec![vec![key(deletes, file)]]));
            !files.is_empty()
        }
        SplitUnit::Merge { runs, .. } => differs(run_keys(deletes, runs)),
        SplitUnit::Zip { groups } => {
            groups.retain(|group| differs(run_keys(deletes, std::slice::from_ref(group))));
            !groups.is_empty()
        }
    });
}

fn units(scan: &TableScan) -> Units {
    let mut units: Vec<UnitKey> = Vec::new();
    for split in &scan.splits {
        match &split.unit {
            SplitUnit::Files(files) => {
                units.extend(files.iter().map(|file| vec![vec![key(&scan.deletes, file)]]));
            }
            SplitUnit::Merge { runs, .. } => units.push(run_keys(&scan.deletes, runs)),
            SplitUnit::Zip { groups } => {
                units.extend(groups.iter().map(|group| run_keys(&scan.deletes, std::slice::from_ref(group))));
            }
        }
    }
    let by_first = |unit: UnitKey| {
        let first = unit.first().and_then(|run| run.first()).map(|(path, ..)| path.clone());
        first.map(|first| (first, unit))
    };
    units.into_iter().filter_map(by_first).collect()
}

fn run_keys(deletes: &[DeleteSource], runs: &[Vec<DataFile>]) -> UnitKey {
    let keys = |run: &Vec<DataFile>| run.iter().map(|file| key(deletes, file)).collect();
    runs.iter().map(keys).collect()
}

fn key(deletes: &[DeleteSource], file: &DataFile) -> FileKey {
    let sources = |indices: &[usize]| indices.iter().filter_map(|&at| deletes.get(at).cloned()).collect();
    (file.path.clone(), sources(&file.deletes), file.deleted_by.as_deref().map(sources))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::merge_rule::{MergeEngine, MergeRule};
    use crate::row_positions::RowPositions;
    use crate::schema::TableSchema;
    use crate::split::{FileFormat, PruningCounts, Split};

    fn file(path: &str) -> DataFile {
        DataFile::alone(Path::from(path), FileFormat::Parquet, 1, 9)
    }

    fn scan(units: Vec<SplitUnit>) -> TableScan {
        let split = |unit| Split { partition: Arc::default(), bucket: 0, unit };
        TableScan {
            table: "t".to_owned(),
            snapshot_id: None,
            schema: Arc::new(TableSchema {
                id: 0,
                fields: Vec::new(),
                partition_keys: Vec::new(),
                primary_key: Vec::new(),
                options: BTreeMap::new(),
                comment: None,
            }),
            file_schemas: Vec::new(),
            deletes: vec![DeleteSource::Inline(Arc::new(RowPositions::default()))],
            splits: units.into_iter().map(split).collect(),
            pruning: PruningCounts::default(),
        }
    }

    fn merge(runs: &[&[&str]]) -> SplitUnit {
        let run = |run: &&[&str]| run.iter().map(|path| file(path)).collect();
        SplitUnit::Merge { runs: runs.iter().map(run).collect(), rule: Arc::new(rule()) }
    }

    fn rule() -> MergeRule {
        MergeRule {
            engine: MergeEngine::Deduplicate,
            key: vec![0],
            sequence_fields: Vec::new(),
            sequence_descending: false,
            sequence_column: "_seq".to_owned(),
            kind_column: "_kind".to_owned(),
            lookup_base: false,
            options: BTreeMap::new(),
        }
    }

    fn paths(scan: &TableScan) -> Vec<String> {
        scan.splits.iter().flat_map(|split| split.unit.files()).map(|file| file.path.to_string()).collect()
    }

    #[test]
    fn what_both_have_is_taken_out_of_both() {
        let deleted = DataFile { deletes: vec![0], ..file("b") };
        let mut before = scan(vec![
            SplitUnit::Files(vec![file("a"), file("b"), file("c")]),
            merge(&[&["d", "e"], &["f"]]),
            merge(&[&["g"]]),
            SplitUnit::Zip { groups: vec![vec![file("i"), file("j")], vec![file("k")]] },
        ]);
        let mut after = scan(vec![
            SplitUnit::Files(vec![file("a"), deleted]),
            merge(&[&["d", "e"], &["f"]]),
            merge(&[&["g"], &["h"]]),
            SplitUnit::Zip { groups: vec![vec![file("i"), file("j")], vec![file("k"), file("l")]] },
        ]);
        cancel_common_units(&mut before, &mut after);
        assert_eq!(paths(&before), ["b", "c", "g", "k"]);
        assert_eq!(paths(&after), ["b", "g", "h", "k", "l"]);
    }
}
