//! What the options of a table mean for reading it.
//!
//! Every option that changes which rows a read gives is either understood here or refused by name.

use crate::error::Result;
use crate::merge_rule::MergeEngine;
use crate::schema::TableSchema;

use super::bucket::BucketFunction;
use super::option_names::READ_FRESH;
use super::options::Options;
use super::partition_path::PartitionNaming;

/// How the rows of a table are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRules {
    pub merge_engine: MergeEngine,
    /// User-defined sequence columns.
    pub sequence_fields: Vec<String>,
    pub sequence_descending: bool,
    /// Versions merge by the lookup rule (`MergeRule::lookup_base`).
    pub lookup_base: bool,
    /// Files above level 0 never hold two live rows of one key: deletion vectors or the first-row
    /// engine's lookups have seen to that.
    pub levels_are_resolved: bool,
    /// Rows that no compaction has seen yet are left out.
    pub hides_level_zero: bool,
    pub deletion_vectors: bool,
    pub row_tracking: bool,
    pub data_evolution: bool,
    /// Number of buckets; -1 unaware or dynamic, -2 postponed.
    pub bucket: i32,
    /// Rows that wait to be placed in a bucket are not yet part of the table.
    pub hides_postponed: bool,
    pub bucket_function: BucketFunction,
    /// The columns whose hash chooses the bucket.
    pub bucket_key: Vec<String>,
    /// A branch whose partitions complete this one's.
    pub other_branch: Option<OtherBranch>,
    /// Read the files of this level alone.
    pub only_level: Option<i32>,
    /// Read this bucket alone.
    pub only_bucket: Option<i32>,
    pub file_indexes: bool,
    pub index_files_beside_data: bool,
    /// Folder of all partitions below the table.
    pub data_folder: Option<String>,
    pub partition_naming: PartitionNaming,
}

/// Another branch that a read joins, partition by partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherBranch {
    /// It has the partitions that this branch lacks (`scan.fallback-branch`).
    Fallback(String),
    /// This branch has the partitions that it lacks (`scan.primary-branch`).
    Primary(String),
}

impl OtherBranch {
    pub fn name(&self) -> &str {
        match self {
            Self::Fallback(name) | Self::Primary(name) => name,
        }
    }
}

/// Options that must be absent or have this value: any other makes reads differ from what Tarn does.
const REQUIRED: &[(&str, &str)] = &[
    ("pk-clustering-override", "false"),
    ("query-auth.enabled", "false"),
    ("chain-table.enabled", "false"),
    ("sequence.snapshot-ordering", "false"),
    ("batch-scan-mode", "none"),
    ("stream-scan-mode", "none"),
];

/// The bucket of rows that wait to be placed in another, and the option that lets them wait.
pub const POSTPONED: i32 = -2;

/// Sorted runs from which a bucket is compacted, where the table does not say.
const DEFAULT_COMPACTION_TRIGGER: i32 = 5;

impl ReadRules {
    pub fn new(table: &str, schema: &TableSchema) -> Result<Self> {
        let options = Options::new(table, &schema.options);
        refuse_what_is_not_implemented(&options)?;
        let keyed = !schema.primary_key.is_empty();
        let merge_engine = merge_engine(&options)?;
        let first_row = keyed && merge_engine == MergeEngine::FirstRow;
        let deletion_vectors = options.flag("deletion-vectors.enabled", false)?;
        let merge_on_read = options.flag("deletion-vectors.merge-on-read", false)?;
        let skips_level_zero = if deletion_vectors { !merge_on_read } else { first_row };
        let needs_lookup =
            deletion_vectors || changelog_by_lookup(&options)? || options.flag("force-lookup", false)?;
        let bucket = options.int("bucket")?.unwrap_or(-1);
        if bucket == POSTPONED && options.flag("postpone.merge-on-read", false)? {
            return Err(options.unsupported("postpone.merge-on-read"));
        }
        let data_evolution = options.flag("data-evolution.enabled", false)?;
        if keyed && data_evolution {
            return Err(options.unsupported("data-evolution.enabled with a primary key"));
        }
        Ok(Self {
            merge_engine,
            sequence_fields: options.columns("sequence.field").iter().map(ToString::to_string).collect(),
            sequence_descending: sequence_descending(&options)?,
            lookup_base: keyed && needs_lookup && !first_row,
            levels_are_resolved: keyed && (deletion_vectors || first_row),
            hides_level_zero: keyed && skips_level_zero && !options.flag(READ_FRESH, false)?,
            deletion_vectors,
            row_tracking: options.flag("row-tracking.enabled", false)?,
            data_evolution,
            bucket,
            hides_postponed: bucket == POSTPONED,
            bucket_function: bucket_function(&options)?,
            bucket_key: bucket_key(&options, schema),
            other_branch: other_branch(&options),
            only_level: None,
            only_bucket: options.int("scan.bucket")?,
            file_indexes: options.flag("file-index.read.enabled", true)?,
            index_files_beside_data: options.flag("index-file-in-data-file-dir", false)?,
            data_folder: options.text("data-file.path-directory").map(str::to_string),
            partition_naming: PartitionNaming {
                default_name: options
                    .text("partition.default-name")
                    .unwrap_or("__DEFAULT_PARTITION__")
                    .into(),
                legacy: options.flag("partition.legacy-name", true)?,
            },
        })
    }
}

/// The highest level of a bucket's tree. (paimon-format section 9)
pub fn top_level(options: &Options<'_>) -> Result<i32> {
    let trigger = options.int("num-sorted-run.compaction-trigger")?.unwrap_or(DEFAULT_COMPACTION_TRIGGER);
    let levels = options.int("num-levels")?.unwrap_or(trigger.saturating_add(1));
    Ok(levels.saturating_sub(1))
}

fn refuse_what_is_not_implemented(options: &Options<'_>) -> Result<()> {
    match options.text("type").map(str::to_ascii_lowercase).as_deref() {
        None | Some("table" | "materialized-table") => {}
        Some(other) => return Err(options.unsupported(format!("table type {other}"))),
    }
    for (name, value) in REQUIRED {
        if let Some(found) = options.text(name).filter(|found| !found.trim().eq_ignore_ascii_case(value)) {
            return Err(options.unsupported(format!("option '{name}' = '{found}'")));
        }
    }
    Ok(())
}

/// As in Paimon, the fallback counts where both options are set.
fn other_branch(options: &Options<'_>) -> Option<OtherBranch> {
    let named =
        |option| options.text(option).map(str::trim).filter(|name| !name.is_empty()).map(str::to_string);
    let fallback = named("scan.fallback-branch").map(OtherBranch::Fallback);
    fallback.or_else(|| named("scan.primary-branch").map(OtherBranch::Primary))
}

fn merge_engine(options: &Options<'_>) -> Result<MergeEngine> {
    Ok(match options.text("merge-engine").map(str::to_ascii_lowercase).as_deref() {
        None | Some("deduplicate") => MergeEngine::Deduplicate,
        Some("first-row") => MergeEngine::FirstRow,
        Some("partial-update") => MergeEngine::PartialUpdate,
        Some("aggregation") => MergeEngine::Aggregation,
        Some(other) => return Err(options.unsupported(format!("merge engine {other}"))),
    })
}

fn changelog_by_lookup(options: &Options<'_>) -> Result<bool> {
    match options.text("changelog-producer").map(str::to_ascii_lowercase).as_deref() {
        None | Some("none" | "input" | "full-compaction") => Ok(false),
        Some("lookup") => Ok(true),
        Some(other) => Err(options.unsupported(format!("changelog producer {other}"))),
    }
}

fn sequence_descending(options: &Options<'_>) -> Result<bool> {
    let name = "sequence.field.sort-order";
    match options.text(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("ascending") => Ok(false),
        Some("descending") => Ok(true),
        Some(other) => Err(options.bad_value(name, other, "ascending or descending")),
    }
}

fn bucket_function(options: &Options<'_>) -> Result<BucketFunction> {
    let name = options.text("bucket-function.type").unwrap_or("default");
    name.parse().map_err(|_| options.unsupported(format!("bucket function {name}")))
}

fn bucket_key(options: &Options<'_>, schema: &TableSchema) -> Vec<String> {
    let declared = options.columns("bucket-key");
    if !declared.is_empty() {
        return declared.iter().map(ToString::to_string).collect();
    }
    super::schema::trimmed_primary_key(schema).iter().map(|field| field.name.clone()).collect()
}
