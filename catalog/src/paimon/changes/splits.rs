//! How Java packs the files of a bucket into splits (`MergeTreeSplitGenerator`): which files are read one
//! after the other, and whether they are merged.

use crate::error::Result;
use crate::merge_rule::MergeEngine;
use crate::paimon::manifest::ManifestEntry;
use crate::paimon::options::Options;
use crate::paimon::plan::sections_of;
use crate::paimon::table_version::PaimonTableVersion;

/// Bytes of a split, and what opening a file is taken to cost.
const SPLIT_BYTES: u64 = 128 << 20;
const OPEN_BYTES: u64 = 4 << 20;

/// Files that are read together, in this order.
#[derive(Debug)]
pub struct JavaSplit<'a> {
    pub files: Vec<&'a ManifestEntry>,
    /// Without merging: all rows are insertions.
    pub raw: bool,
}

/// The splits of a bucket, whose files come in the order of the manifests.
pub async fn of_bucket<'a>(
    version: &PaimonTableVersion,
    bucket: &[&'a ManifestEntry],
) -> Result<Vec<JavaSplit<'a>>> {
    let schema = version.table_schema();
    let options = Options::new(version.table().label(), &schema.options);
    let rules = version.rules();
    let one_level = bucket.iter().all(|entry| Some(entry.file.level) == bucket.first().map(|e| e.file.level));
    let unmerged = bucket.iter().all(|entry| entry.file.level != 0 && retracts_nothing(entry))
        && (rules.deletion_vectors || rules.merge_engine == MergeEngine::FirstRow || one_level);
    if unmerged {
        let splits = pack(bucket.iter().map(|entry| vec![*entry]).collect(), &options)?;
        return Ok(splits.into_iter().map(|files| JavaSplit { files, raw: true }).collect());
    }
    let splits = pack(sections_of(version.table(), bucket).await?, &options)?;
    let split = |files: Vec<&'a ManifestEntry>| {
        let raw = matches!(files.as_slice(), [one] if retracts_nothing(one));
        JavaSplit { files, raw }
    };
    Ok(splits.into_iter().map(split).collect())
}

fn retracts_nothing(entry: &ManifestEntry) -> bool {
    entry.file.delete_row_count == Some(0)
}

/// Packs sections into splits, in order.
fn pack<'a>(
    sections: Vec<Vec<&'a ManifestEntry>>,
    options: &Options<'_>,
) -> Result<Vec<Vec<&'a ManifestEntry>>> {
    for name in ["source.split.target-size", "source.split.open-file-cost"] {
        if options.text(name).is_some() {
            return Err(options.unsupported(format!("row kinds of a read under option '{name}'")));
        }
    }
    let (mut splits, mut current, mut bytes) = (Vec::new(), Vec::new(), 0);
    for section in sections {
        let size: u64 = section.iter().map(|entry| entry.file.file_size).sum();
        let weight = size.max(OPEN_BYTES);
        if bytes + weight > SPLIT_BYTES && !current.is_empty() {
            splits.push(std::mem::take(&mut current));
            bytes = 0;
        }
        bytes += weight;
        current.extend(section);
    }
    splits.extend((!current.is_empty()).then_some(current));
    Ok(splits)
}
