//! The steps of planning, in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::datum::Datum;
use crate::error::Result;
use crate::schema::{SchemaField, TableSchema};
use crate::split::{PruningCounts, Split, SplitUnit, TableScan};
use crate::table::{ScanRequest, Table};

use super::append::{evolved_units, plain_units};
use super::bounds::FileTest;
use super::deletes::DeletionVectors;
use super::index_pruning::prune_by_file_indexes;
use super::keyed::{KeyedPlan, merge_rule};
use super::lower::{Lowering, utc_millis};
use crate::paimon::bucket_select::BucketSelector;
use crate::paimon::data_layout::DataLayout;
use crate::paimon::index_manifest::IndexManifest;
use crate::paimon::live_files::{Buckets, group, live_entries};
use crate::paimon::manifest::{ManifestEntry, Partition};
use crate::paimon::manifest_list::ManifestFileMeta;
use crate::paimon::rules::ReadRules;
use crate::paimon::schema::{partition_fields, trimmed_primary_key};
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table::PaimonTable;
use crate::pruning::{Nulls, Range, may_match};

/// What is planned: a table at a version.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    pub table: &'a PaimonTable,
    pub schema: &'a Arc<TableSchema>,
    pub rules: &'a ReadRules,
    /// Leave out files that were created before these milliseconds.
    pub created_since: Option<i64>,
    pub merging: Merging,
}

/// What becomes of the rows of a primary-key table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Merging {
    /// Versions of a key merge to one row.
    #[default]
    ByKey,
    /// Each physical row stands for itself, retractions too: what a changelog reader wants.
    None,
}

/// Plans a read of a whole snapshot, of the files that `keep` wants.
pub async fn plan_snapshot(
    input: PlanInput<'_>,
    request: &ScanRequest,
    snapshot: &Snapshot,
    keep: &(dyn Fn(&ManifestEntry) -> bool + Sync),
) -> Result<TableScan> {
    let mut counts = PruningCounts::default();
    let reader = input.table.manifest_reader(input.schema);
    let mut metas = reader.manifests_of(snapshot).await?;
    counts.manifests_considered = metas.len() as u64;
    metas.retain(|meta| manifest_may_match(&input, request, meta));
    counts.manifests_pruned = counts.manifests_considered - metas.len() as u64;

    let (manifests, index) = futures::try_join!(reader.read_all(&metas), reader.index_of(snapshot))?;
    let mut filter = EntryFilter::new(&input, request, input.rules.hides_level_zero);
    let entries = live_entries(&manifests, |entry| filter.keeps(entry) && keep(entry));
    filter.count_into(&mut counts);
    plan_selected(&input, request, entries, (Some(snapshot.id), index.as_deref()), counts).await
}

/// Plans a read of given files, whose deletion vectors are those of `snapshot`.
pub async fn plan_files(
    input: PlanInput<'_>,
    request: &ScanRequest,
    snapshot: Option<&Snapshot>,
    entries: &[ManifestEntry],
) -> Result<TableScan> {
    let index = match snapshot {
        Some(snapshot) => input.table.manifest_reader(input.schema).index_of(snapshot).await?,
        None => None,
    };
    let mut counts = PruningCounts::default();
    let mut filter = EntryFilter::new(&input, request, false);
    let entries = entries.iter().filter(|entry| filter.keeps(entry)).collect();
    filter.count_into(&mut counts);
    let version = (snapshot.map(|snapshot| snapshot.id), index.as_deref());
    plan_selected(&input, request, entries, version, counts).await
}

async fn plan_selected(
    input: &PlanInput<'_>,
    request: &ScanRequest,
    entries: Vec<&ManifestEntry>,
    version: (Option<i64>, Option<&IndexManifest>),
    mut counts: PruningCounts,
) -> Result<TableScan> {
    let schema_ids: BTreeSet<i64> = entries.iter().map(|entry| entry.file.schema_id).collect();
    let schemas = input.table.table_schemas(&schema_ids).await?;
    let mut buckets = group(input.table.label(), entries)?;
    prune_buckets(input, request, &schemas, &mut buckets, &mut counts);
    let mut scan = splits(input, request, &buckets, &schemas, version, counts)?;
    prune_by_file_indexes(&mut scan, &input.table.store(), &request.predicate).await?;
    Ok(scan)
}

/// Leaves out files of buckets that no wanted row hashes to, by the bucket count of each file.
fn prune_buckets(
    input: &PlanInput<'_>,
    request: &ScanRequest,
    schemas: &BTreeMap<i64, Arc<TableSchema>>,
    buckets: &mut Buckets<'_>,
    counts: &mut PruningCounts,
) {
    counts.buckets_considered = buckets.len() as u64;
    let key: Option<Vec<SchemaField>> =
        input.rules.bucket_key.iter().map(|name| input.schema.field(name).cloned()).collect();
    let selector = key.and_then(|key| {
        Some((BucketSelector::new(&key, input.rules.bucket_function, &request.predicate)?, key))
    });
    let Some((selector, key)) = selector else {
        return;
    };
    // Rows were hashed as their writers saw them: a changed type may mean another hash.
    let hashed_alike = |schema: &TableSchema| {
        let same = |field: &SchemaField| {
            schema.fields.iter().any(|written| written.id == field.id && written.data_type == field.data_type)
        };
        key.iter().all(same)
    };
    let alike: HashMap<i64, bool> = schemas.iter().map(|(id, schema)| (*id, hashed_alike(schema))).collect();
    buckets.retain(|(_, bucket), files| {
        let considered = files.len();
        files.retain(|entry| {
            let known = alike.get(&entry.file.schema_id).copied().unwrap_or(false);
            !known || selector.may_match(*bucket, entry.total_buckets)
        });
        counts.files_pruned += (considered - files.len()) as u64;
        !files.is_empty()
    });
    counts.buckets_pruned = counts.buckets_considered - buckets.len() as u64;
}

fn splits(
    input: &PlanInput<'_>,
    request: &ScanRequest,
    buckets: &Buckets<'_>,
    schemas: &BTreeMap<i64, Arc<TableSchema>>,
    (snapshot_id, index): (Option<i64>, Option<&IndexManifest>),
    mut counts: PruningCounts,
) -> Result<TableScan> {
    let (table, rules) = (input.table.label(), input.rules);
    let layout = DataLayout::new(table, input.table.layout(), input.table.store_url(), rules, input.schema);
    let mut lowering = Lowering::new(table, layout, schemas, DeletionVectors::new(index), rules.file_indexes);
    let key_ids: Vec<i32> = trimmed_primary_key(input.schema).iter().map(|field| field.id).collect();
    let test = FileTest::new(input.schema, &request.predicate, &key_ids);
    let merges = input.merging == Merging::ByKey && !input.schema.primary_key.is_empty();
    let keyed = match merges {
        false => None,
        true => {
            let rule = Arc::new(merge_rule(table, rules, input.schema)?);
            Some(KeyedPlan { rules, rule, test: &test })
        }
    };
    let mut splits = Vec::new();
    for ((partition, bucket), files) in buckets {
        let folder = lowering.layout.bucket(partition.0, *bucket)?;
        let (units, pruned): (Vec<SplitUnit>, u64) = match &keyed {
            Some(keyed) => keyed.units(&mut lowering, files, &folder)?,
            None if rules.data_evolution => (evolved_units(&mut lowering, files, &folder)?, 0),
            None => plain_units(&test, &mut lowering, files, &folder)?,
        };
        counts.files_pruned += pruned;
        let values = &partition.0.values;
        splits.extend(units.into_iter().map(|unit| Split {
            partition: Arc::clone(values),
            bucket: *bucket,
            unit,
        }));
    }
    Ok(TableScan {
        table: table.to_string(),
        snapshot_id,
        schema: Arc::clone(input.schema),
        file_schemas: lowering.file_schemas,
        deletes: lowering.deletes,
        splits,
        pruning: counts,
    })
}

/// Positions of the partition columns by field id.
fn partition_positions(schema: &TableSchema) -> HashMap<i32, usize> {
    partition_fields(schema).iter().enumerate().map(|(index, field)| (field.id, index)).collect()
}

/// Tests a manifest by the bounds of its partitions and its buckets.
fn manifest_may_match(input: &PlanInput<'_>, request: &ScanRequest, meta: &ManifestFileMeta) -> bool {
    if let (Some(bucket), Some((min, max))) = (input.rules.only_bucket, meta.buckets)
        && !(min..=max).contains(&bucket)
    {
        return false;
    }
    let fields = partition_fields(input.schema);
    let positions = partition_positions(input.schema);
    may_match(&request.predicate, &mut |id| {
        let column = positions.get(&id).and_then(|index| Some((*index, fields.get(*index)?)));
        // Bounds that do not decode prune nothing; the manifest itself will say what is wrong.
        let stats =
            column.and_then(|(index, field)| meta.partition_stats.column(index, &field.data_type).ok());
        match stats {
            Some(stats) if !stats.min.is_null() && !stats.max.is_null() => Range {
                nulls: if stats.null_count == Some(0) { Nulls::None } else { Nulls::Unknown },
                min: stats.min,
                max: stats.max,
            },
            _ => Range::UNKNOWN,
        }
    })
}

/// Decides which entries belong to the read, remembering what it decided of each partition.
struct EntryFilter<'a> {
    input: &'a PlanInput<'a>,
    request: &'a ScanRequest,
    hides_level_zero: bool,
    positions: HashMap<i32, usize>,
    /// By address: entries of a manifest share their partitions, and manifests outlive the filter.
    by_address: HashMap<usize, bool>,
    partitions: HashMap<Box<[u8]>, bool>,
    files: (u64, u64),
}

impl<'a> EntryFilter<'a> {
    fn new(input: &'a PlanInput<'a>, request: &'a ScanRequest, hides_level_zero: bool) -> Self {
        Self {
            input,
            request,
            hides_level_zero,
            positions: partition_positions(input.schema),
            by_address: HashMap::new(),
            partitions: HashMap::new(),
            files: (0, 0),
        }
    }

    fn keeps(&mut self, entry: &ManifestEntry) -> bool {
        let kept = self.keeps_partition(&entry.partition)
            && self.keeps_bucket(entry)
            && !(self.hides_level_zero && entry.file.level == 0)
            && self.input.rules.only_level.is_none_or(|level| entry.file.level == level)
            && self.is_new_enough(entry);
        self.files.0 += 1;
        self.files.1 += u64::from(!kept);
        kept
    }

    fn keeps_partition(&mut self, partition: &Arc<Partition>) -> bool {
        if let Some(kept) = self.by_address.get(&Arc::as_ptr(partition).addr()) {
            return *kept;
        }
        let kept = may_match(&self.request.predicate, &mut |id| {
            let value = self.positions.get(&id).and_then(|index| partition.values.get(*index));
            value.map_or(Range::UNKNOWN, |value: &Datum| Range::exactly(value))
        });
        self.partitions.insert(partition.bytes.clone(), kept);
        self.by_address.insert(Arc::as_ptr(partition).addr(), kept);
        kept
    }

    fn keeps_bucket(&mut self, entry: &ManifestEntry) -> bool {
        let visible = entry.bucket >= 0 || !self.input.rules.hides_postponed;
        visible && self.input.rules.only_bucket.is_none_or(|bucket| bucket == entry.bucket)
    }

    fn is_new_enough(&self, entry: &ManifestEntry) -> bool {
        self.input.created_since.is_none_or(|since| {
            let created = entry.file.creation_time_local_millis.and_then(utc_millis);
            created.is_some_and(|created| created >= since)
        })
    }

    fn count_into(&self, counts: &mut PruningCounts) {
        let pruned = |kept: &&bool| !**kept;
        counts.partitions_considered = self.partitions.len() as u64;
        counts.partitions_pruned = self.partitions.values().filter(pruned).count() as u64;
        (counts.files_considered, counts.files_pruned) = self.files;
    }
}
