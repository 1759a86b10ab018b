//! Splits of a bucket of an append table: files whose rows stand for themselves, or groups of files
//! that hold different columns of the same rows. (paimon-format section 13)

use object_store::path::Path;

use crate::error::{Error, Result};
use crate::split::SplitUnit;

use super::bounds::FileTest;
use super::lower::Lowering;
use super::sections::Key;
use crate::paimon::manifest::{DataFileMeta, ManifestEntry};

/// The units of a bucket, and how many of its files were left out.
pub fn plain_units(
    test: &FileTest<'_>,
    lowering: &mut Lowering<'_>,
    files: &[&ManifestEntry],
    folder: &Path,
) -> Result<(Vec<SplitUnit>, u64)> {
    let mut files: Vec<&ManifestEntry> = files.to_vec();
    files.sort_by_key(|entry| {
        (
            entry.file.first_row_id,
            entry.file.min_sequence,
            entry.file.max_sequence,
            entry.file.file_name.clone(),
        )
    });
    let mut kept = Vec::new();
    for entry in &files {
        let schema = lowering.schema_of(&entry.file)?;
        if test.rows_may_match(&entry.file, schema).map_err(|reason| lowering.corrupt(reason))? {
            kept.push(lowering.data_file(entry, folder, no_keys())?);
        }
    }
    let pruned = (files.len() - kept.len()) as u64;
    Ok((if kept.is_empty() { Vec::new() } else { vec![SplitUnit::Files(kept)] }, pruned))
}

/// Groups files by the row ids that they cover. Nothing is left out by statistics: they would have to
/// speak for all files of a group.
pub fn evolved_units(
    lowering: &mut Lowering<'_>,
    files: &[&ManifestEntry],
    folder: &Path,
) -> Result<Vec<SplitUnit>> {
    let mut ranged = Vec::with_capacity(files.len());
    for entry in files {
        ranged.push((row_ids(lowering.table, &entry.file)?, *entry));
    }
    // Within a group the newest file comes first: a column is read from the first that holds it.
    ranged.sort_by(|((start, _), a), ((other_start, _), b)| {
        let newest = || b.file.max_sequence.cmp(&a.file.max_sequence);
        start.cmp(other_start).then_with(newest).then_with(|| a.file.file_name.cmp(&b.file.file_name))
    });
    let (mut alone, mut groups) = (Vec::new(), Vec::new());
    for group in ranged.chunk_by(|(a, _), (b, _)| a.0 == b.0) {
        let lowered = group.iter().map(|(_, entry)| lowering.data_file(entry, folder, no_keys()));
        let mut lowered = lowered.collect::<Result<Vec<_>>>()?;
        match lowered.len() {
            1 => alone.append(&mut lowered),
            _ => groups.push(lowered),
        }
    }
    check_groups(lowering.table, &ranged)?;
    let mut units = Vec::new();
    if !alone.is_empty() {
        units.push(SplitUnit::Files(alone));
    }
    if !groups.is_empty() {
        units.push(SplitUnit::Zip { groups });
    }
    Ok(units)
}

/// First row id of a file, and the one after its last.
fn row_ids(table: &str, file: &DataFileMeta) -> Result<(i64, i64)> {
    let name = &file.file_name;
    let start = file.first_row_id.ok_or_else(|| {
        Error::corrupt(format!("a manifest of table {table}"), format!("file {name} has no first row id"))
    })?;
    let rows = i64::try_from(file.row_count).ok();
    let end = rows.and_then(|rows| start.checked_add(rows));
    let end = end.ok_or_else(|| {
        Error::corrupt(format!("a manifest of table {table}"), format!("the row ids of file {name} overflow"))
    })?;
    Ok((start, end))
}

/// Files are zipped by position, which needs equal ranges of row ids.
fn check_groups(table: &str, ranged: &[((i64, i64), &ManifestEntry)]) -> Result<()> {
    for [(a, one), (b, other)] in ranged.array_windows::<2>() {
        if b.0 < a.1 && a != b {
            let files = format!("{} and {}", one.file.file_name, other.file.file_name);
            return Err(Error::unsupported(
                table,
                format!("files with different ranges of row ids: {files}"),
            ));
        }
    }
    Ok(())
}

fn no_keys() -> (Key, Key) {
    (Key(Vec::new()), Key(Vec::new()))
}
