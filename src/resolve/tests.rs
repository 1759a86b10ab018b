//! Sections of random runs, resolved a few keys at a time and by a naive oracle.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int8Array, Int64Array, RecordBatch};
use arrow::buffer::BooleanBuffer;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tarn_catalog::merge_rule::{MergeEngine, MergeRule};
use tarn_catalog::schema::{SchemaField, TableSchema};
use tarn_catalog::split::{DataFile, FieldLookup, FileFormat, FileSchema};
use tarn_catalog::stats::FileStats;
use tarn_catalog::types::LogicalType;

use super::order::needs_sequence;
use super::{RowMask, Section};
use crate::merge::Retractions;
use crate::scan::deletes::DeleteReader;
use crate::scan::footer::FooterCache;

/// A row as the writer knew it.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: i64,
    sequence: i64,
    kind: i8,
}

/// Rows by run, then by file.
type Runs = Vec<Vec<Vec<Row>>>;

/// Runs of up to three disjoint files; where `ordered`, the sequence numbers of a run lie above
/// those of the runs before it.
fn random_runs(random: &mut StdRng, ordered: bool) -> Runs {
    let mut free: BTreeSet<i64> = (0..1000).collect();
    let runs = random.random_range(1..6);
    let run = |number: i64| {
        let span = random.random_range(2..80);
        let count = random.random_range(1..40);
        let keys: BTreeSet<i64> = (0..count).map(|_| random.random_range(0..span)).collect();
        let rows: Vec<Row> = keys
            .into_iter()
            .map(|key| {
                let sequence = loop {
                    let (low, high) = if ordered { (number * 100, number * 100 + 99) } else { (0, 999) };
                    let candidate = random.random_range(low..=high);
                    if free.remove(&candidate) {
                        break candidate;
                    }
                };
                Row { key, sequence, kind: if random.random_bool(0.2) { 3 } else { 0 } }
            })
            .collect();
        let files = random.random_range(1..4_usize).min(rows.len());
        rows.chunks(rows.len().div_ceil(files)).map(<[Row]>::to_vec).collect()
    };
    (0..runs).map(run).collect()
}

/// The sequence number of each key's live row.
fn oracle(runs: &Runs) -> BTreeMap<i64, i64> {
    let mut newest: BTreeMap<i64, Row> = BTreeMap::new();
    for row in runs.iter().flatten().flatten() {
        let known = newest.entry(row.key).or_insert(*row);
        if known.sequence < row.sequence {
            *known = *row;
        }
    }
    newest.into_iter().filter(|(_, row)| row.kind == 0).map(|(key, row)| (key, row.sequence)).collect()
}

fn field(id: i32, name: &str) -> SchemaField {
    SchemaField {
        id,
        name: name.to_owned(),
        data_type: LogicalType::BigInt,
        nullable: false,
        description: None,
        default_value: None,
    }
}

fn bytes_of(rows: &[Row]) -> Vec<u8> {
    let longs =
        |value: fn(&Row) -> i64| -> ArrayRef { Arc::new(rows.iter().map(value).collect::<Int64Array>()) };
    let kinds: ArrayRef = Arc::new(rows.iter().map(|row| row.kind).collect::<Int8Array>());
    let columns = vec![
        ("k", longs(|row| row.key)),
        ("j", longs(|row| row.key % 3)),
        ("_seq", longs(|row| row.sequence)),
        ("_kind", kinds),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

async fn data_file(store: &Arc<dyn ObjectStore>, name: String, rows: &[Row], level: i32) -> DataFile {
    let bytes = bytes_of(rows);
    let path = Path::from(name);
    let size = bytes.len() as u64;
    store.put(&path, bytes.into()).await.unwrap();
    DataFile {
        path,
        format: FileFormat::Parquet,
        size,
        rows: rows.len() as u64,
        rows_known: true,
        file_schema: 0,
        level,
        min_key: Vec::new(),
        max_key: Vec::new(),
        min_sequence: rows.iter().map(|row| row.sequence).min().unwrap(),
        max_sequence: rows.iter().map(|row| row.sequence).max().unwrap(),
        delete_rows: Some(rows.iter().filter(|row| row.kind == 3).count() as u64),
        stats: Arc::new(FileStats::default()),
        deletes: Vec::new(),
        deleted_by: None,
        first_row_id: None,
        constants: Arc::default(),
        write_columns: None,
        creation_time_millis: None,
        index: None,
        compacted: None,
    }
}

/// A section of these runs, whose key is one column or two.
async fn section(runs: &Runs, key: Vec<usize>) -> Section {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let fields = vec![field(0, "k"), field(1, "j")];
    let mut files = Vec::new();
    let mut places = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let mut of_run = Vec::new();
        for rows in run {
            of_run.push(files.len());
            let name = format!("{}.parquet", files.len());
            let level = if run.len() == 1 { 0 } else { number as i32 + 1 };
            files.push(data_file(&store, name, rows, level).await);
        }
        places.push(of_run);
    }
    let rule = MergeRule {
        engine: MergeEngine::Deduplicate,
        key,
        sequence_fields: Vec::new(),
        sequence_descending: false,
        sequence_column: "_seq".to_owned(),
        kind_column: "_kind".to_owned(),
        lookup_base: false,
        options: BTreeMap::new(),
    };
    let schema = TableSchema {
        id: 0,
        fields: fields.clone(),
        partition_keys: Vec::new(),
        primary_key: Vec::new(),
        options: BTreeMap::new(),
        comment: None,
    };
    let file_schema = FileSchema {
        id: 0,
        fields,
        lookup: FieldLookup::ByName,
        defaults: Vec::new(),
        row_columns: Vec::new(),
        aliases: Vec::new(),
    };
    let footers = Arc::new(FooterCache::new(1 << 20));
    let deletes = DeleteReader::new("db.t".into(), Arc::clone(&store), Arc::clone(&footers), None);
    Section {
        table: "db.t".into(),
        store,
        footers,
        delete_reader: Arc::new(deletes),
        schema: Arc::new(schema),
        file_schemas: Arc::new(vec![Arc::new(file_schema)]),
        deletes: Arc::default(),
        rule: Arc::new(rule),
        retractions: Retractions::Drop,
        files: Arc::new(files),
        runs: Arc::new(places),
    }
}

/// The live rows that the masks leave.
async fn live_rows(section: &Section, runs: &Runs, batch_rows: usize) -> BTreeMap<i64, i64> {
    let resolved = section.resolve_by(batch_rows).await.unwrap();
    let mut live = BTreeMap::new();
    for (outcome, rows) in resolved.files.iter().zip(runs.iter().flatten()) {
        let bits = match &outcome.live {
            RowMask::All => BooleanBuffer::new_set(rows.len()),
            RowMask::None => BooleanBuffer::new_unset(rows.len()),
            RowMask::Some(bits) => bits.clone(),
        };
        assert_eq!(bits.len(), rows.len());
        for at in bits.set_indices() {
            assert!(live.insert(rows[at].key, rows[at].sequence).is_none(), "two rows of {}", rows[at].key);
        }
    }
    live
}

#[tokio::test]
async fn however_few_keys_are_held_the_newest_row_of_each_is_left() {
    let mut random = StdRng::seed_from_u64(11);
    for case in 0..200 {
        let ordered = random.random_bool(0.5);
        let runs = random_runs(&mut random, ordered);
        // By both columns the rows are in the order of the first: it never repeats in a file.
        for key in [vec![0], vec![0, 1]] {
            let section = section(&runs, key).await;
            let expected = oracle(&runs);
            for batch_rows in [1, 2, 7, 1000] {
                let live = live_rows(&section, &runs, batch_rows).await;
                assert_eq!(live, expected, "case {case}, {batch_rows} rows at a time: {runs:?}");
            }
        }
    }
}

#[tokio::test]
async fn keys_out_of_order_are_an_error_that_names_the_file() {
    let row = |key| Row { key, sequence: key, kind: 0 };
    for (rows, file, reason) in [
        (
            vec![vec![row(1), row(3), row(2)]],
            "0.parquet of table db.t",
            "it is not sorted by its key at row 2",
        ),
        (vec![vec![row(1), row(3)], vec![row(2), row(4)]], "1.parquet of table db.t", "it begins before"),
        (vec![vec![row(1), row(3)], vec![row(3), row(4)]], "1.parquet of table db.t", "it begins with"),
    ] {
        let runs = vec![rows, vec![vec![row(2)]]];
        for batch_rows in [1, 2, 1000] {
            let error = section(&runs, vec![0]).await.resolve_by(batch_rows).await.unwrap_err();
            let error = error.to_string();
            assert!(error.contains(file) && error.contains(reason), "{error}");
        }
    }
}

#[tokio::test]
async fn sequence_numbers_are_read_where_two_runs_overlap_in_them() {
    let mut random = StdRng::seed_from_u64(13);
    for _ in 0..100 {
        let runs = random_runs(&mut random, false);
        let section = section(&runs, vec![0]).await;
        let mut run_of = vec![0; section.files.len()];
        for (run, places) in section.runs.iter().enumerate() {
            places.iter().for_each(|&place| run_of[place] = run);
        }
        let overlap =
            |a: &DataFile, b: &DataFile| a.min_sequence <= b.max_sequence && b.min_sequence <= a.max_sequence;
        let expected = (0..run_of.len())
            .any(|a| (0..a).any(|b| run_of[a] != run_of[b] && overlap(&section.files[a], &section.files[b])));
        assert_eq!(needs_sequence(&section.rule, &section.files, &run_of), expected);
    }
}
