//! The rows of a scan with their kinds and sequence numbers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Int8Type, Int64Type};
use datafusion::common::{DataFusionError, internal_err};
use datafusion::error::Result;
use datafusion::physical_plan::metrics::Count;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use tarn_catalog::changes::RowKinds;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::types::LogicalType;

use crate::resolve::RowMask;
use crate::scan::merged;
use crate::scan::plan::ScanPlan;
use crate::scan::reader::{self, ReadColumns, SystemColumn, WhenMissing};
use crate::scan::whole;

/// Kinds as files store them.
pub const INSERT: i8 = 0;
pub const UPDATE_BEFORE: i8 = 1;
pub const UPDATE_AFTER: i8 = 2;
pub const DELETE: i8 = 3;

/// Whether a row of this kind takes something back.
pub fn takes_back(kind: i8) -> bool {
    matches!(kind, UPDATE_BEFORE | DELETE)
}

/// A batch of rows and what is known of each.
#[derive(Debug, Clone)]
pub struct KindedRows {
    /// The wanted columns.
    pub rows: RecordBatch,
    pub kinds: Vec<i8>,
    /// Where they were wanted.
    pub sequences: Option<Vec<i64>>,
}

pub type KindedStream = BoxStream<'static, Result<KindedRows>>;

/// What is wanted of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Indices into the table's schema.
    pub columns: Vec<usize>,
    pub sequence: bool,
}

impl KindedRows {
    pub fn slice(&self, start: usize, rows: usize) -> Self {
        Self {
            rows: self.rows.slice(start, rows),
            kinds: self.kinds[start..start + rows].to_vec(),
            sequences: self.sequences.as_ref().map(|all| all[start..start + rows].to_vec()),
        }
    }
}

/// The rows of one file of the plan that are in the table as they stand.
pub async fn of_file(
    plan: Arc<ScanPlan>,
    index: usize,
    kinds: &RowKinds,
    wanted: &Wanted,
    batch_rows: usize,
) -> Result<KindedStream> {
    let planned = &plan.files[index];
    let live = match mask(&plan, index).await? {
        RowMask::None => return Ok(stream::empty().boxed()),
        RowMask::All => None,
        RowMask::Some(bits) => Some(bits),
    };
    let columns =
        ReadColumns { fields: fields(&plan, wanted), system: system(kinds, wanted)?, row_number: None };
    let source = plan.file_to_read(&planned.file);
    let batches = reader::open(source, &columns, live.as_ref(), batch_rows).await.map_err(external)?;
    let (of_table, kinds) = (columns.fields.len(), kinds.clone());
    Ok(batches.map(move |batch| parted(&batch.map_err(external)?, of_table, &kinds)).boxed())
}

/// The rows of one group of files that hold different columns of the same rows.
pub async fn of_zip(
    plan: Arc<ScanPlan>,
    group: usize,
    kinds: &RowKinds,
    wanted: &Wanted,
    batch_rows: usize,
) -> Result<KindedStream> {
    let columns =
        ReadColumns { fields: fields(&plan, wanted), system: system(kinds, wanted)?, row_number: None };
    let batches = whole::zipped_rows(&plan, group, &columns, batch_rows).await.map_err(external)?;
    let (of_table, kinds) = (columns.fields.len(), kinds.clone());
    Ok(batches.map(move |batch| parted(&batch.map_err(external)?, of_table, &kinds)).boxed())
}

/// The rows of one section whose values have to be merged.
pub async fn of_merge(
    plan: Arc<ScanPlan>,
    section: usize,
    kinds: &RowKinds,
    wanted: &Wanted,
    batch_rows: usize,
) -> Result<KindedStream> {
    if wanted.sequence {
        let feature = "sequence numbers of merged rows";
        return Err(external(tarn_catalog::Error::unsupported(plan.table.as_ref(), feature)));
    }
    let (resolved, _) = plan.resolved(section).await.map_err(external)?;
    let merged =
        merged::open_with_kinds(plan, section, resolved, &wanted.columns, batch_rows, Count::default())?;
    let one_kind = one_kind(kinds);
    Ok(merged
        .map(move |merged| {
            let merged = merged?;
            let kinds = match one_kind {
                Some(kind) => vec![kind; merged.kinds.len()],
                None => merged.kinds,
            };
            Ok(KindedRows { rows: merged.rows, kinds, sequences: None })
        })
        .boxed())
}

async fn mask(plan: &ScanPlan, index: usize) -> Result<RowMask> {
    let planned = &plan.files[index];
    match planned.section {
        Some((section, place)) => {
            let (resolved, _) = plan.resolved(section).await.map_err(external)?;
            match resolved.files.get(place) {
                Some(outcome) => Ok(outcome.live.clone()),
                None => internal_err!("a section lost one of its files"),
            }
        }
        None => {
            let undeleted: Option<BooleanBuffer> = plan.undeleted(planned).await.map_err(external)?;
            Ok(undeleted.map_or(RowMask::All, RowMask::from_bits))
        }
    }
}

fn fields(plan: &ScanPlan, wanted: &Wanted) -> Vec<SchemaField> {
    wanted.columns.iter().map(|&column| plan.schema.fields[column].clone()).collect()
}

fn system(kinds: &RowKinds, wanted: &Wanted) -> Result<Vec<SystemColumn>> {
    let column = |name: &str, data_type| SystemColumn {
        name: name.to_owned(),
        data_type,
        missing: WhenMissing::Error,
    };
    match kinds {
        RowKinds::Insertions | RowKinds::Deletions | RowKinds::InWords { .. } if wanted.sequence => {
            let error = tarn_catalog::Error::invalid("rows without keys have no sequence numbers");
            Err(external(error))
        }
        RowKinds::Insertions | RowKinds::Deletions => Ok(Vec::new()),
        RowKinds::InWords { column: name } => Ok(vec![column(name, LogicalType::STRING)]),
        RowKinds::Stored { kind_column, sequence_column } => {
            let mut columns = vec![column(kind_column, LogicalType::TinyInt)];
            if wanted.sequence {
                columns.push(column(sequence_column, LogicalType::BigInt));
            }
            Ok(columns)
        }
    }
}

/// Parts what was read into the table's columns and the system's.
fn parted(batch: &RecordBatch, of_table: usize, kinds: &RowKinds) -> Result<KindedRows> {
    let rows = batch.project(&(0..of_table).collect::<Vec<_>>())?;
    if let Some(kind) = one_kind(kinds) {
        return Ok(KindedRows { rows, kinds: vec![kind; batch.num_rows()], sequences: None });
    }
    if let RowKinds::InWords { .. } = kinds {
        return Ok(KindedRows { rows, kinds: in_words(batch.column(of_table))?, sequences: None });
    }
    let kinds = match batch.column(of_table).as_primitive_opt::<Int8Type>() {
        Some(kinds)
            if kinds.null_count() == 0 && kinds.values().iter().all(|kind| (0..=3).contains(kind)) =>
        {
            kinds.values().to_vec()
        }
        _ => {
            return Err(external(tarn_catalog::Error::corrupt(
                "a data file",
                "its row kinds are not 0 to 3",
            )));
        }
    };
    let sequences = match batch.columns().get(of_table + 1) {
        None => None,
        Some(column) => match column.as_primitive_opt::<Int64Type>() {
            Some(numbers) if numbers.null_count() == 0 => Some(numbers.values().to_vec()),
            _ => return internal_err!("sequence numbers were read as {}", column.data_type()),
        },
    };
    Ok(KindedRows { rows, kinds, sequences })
}

/// The kind that all rows have.
fn one_kind(kinds: &RowKinds) -> Option<i8> {
    match kinds {
        RowKinds::Insertions => Some(INSERT),
        RowKinds::Deletions => Some(DELETE),
        RowKinds::InWords { .. } | RowKinds::Stored { .. } => None,
    }
}

fn in_words(column: &ArrayRef) -> Result<Vec<i8>> {
    let unknown = |word: Option<&str>| {
        let reason = format!("{} is no kind of a change", word.unwrap_or("NULL"));
        external(tarn_catalog::Error::corrupt("a file of changes", reason))
    };
    let words = column.as_string_view_opt().ok_or_else(|| unknown(Some("a number")))?;
    let kinds = words.iter().map(|word| match word {
        Some("insert") => Ok(INSERT),
        Some("update_preimage") => Ok(UPDATE_BEFORE),
        Some("update_postimage") => Ok(UPDATE_AFTER),
        Some("delete") => Ok(DELETE),
        other => Err(unknown(other)),
    });
    kinds.collect()
}

pub fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
