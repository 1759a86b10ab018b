//! Reading the keys of one run, ahead of the merge and beside the other runs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Int8Type, Int64Type};
use futures::TryStreamExt;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::DataFile;
use tarn_catalog::types::LogicalType;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::masks::FileRows;
use super::order::needs_kinds;
use super::section::Section;
use crate::error::{Error, ErrorKind, Result};
use crate::scan::reader::{self, ReadColumns, SystemColumn, WhenMissing};

/// What resolving reads beside the keys and the user's sequence columns.
#[derive(Clone, Copy)]
pub struct Reads {
    pub sequence: bool,
    /// Rows of a piece, at most.
    pub batch_rows: usize,
}

/// A piece of a run, in order.
pub enum Piece {
    Rows(RunRows),
    /// The file has no more rows.
    FileEnd,
}

/// Some rows of one file.
pub struct RunRows {
    /// Place of the file in the section.
    pub file: usize,
    pub keys: Vec<ArrayRef>,
    pub user_sequence: Vec<ArrayRef>,
    pub sequence: Option<Vec<i64>>,
    pub kinds: Option<Vec<i8>>,
}

/// The pieces of a run as they are read. Reading ends when this is dropped.
pub struct RunReader {
    pieces: mpsc::Receiver<Result<Piece>>,
    files: usize,
    files_ended: usize,
    _task: JoinSet<()>,
}

impl RunReader {
    pub fn spawn(section: &Arc<Section>, run: usize, rows: &[FileRows], reads: Reads) -> Self {
        let places = section.runs[run].clone();
        let live: Vec<Option<BooleanBuffer>> =
            places.iter().map(|&place| rows[place].undeleted.clone()).collect();
        let (sender, pieces) = mpsc::channel(1);
        let files = places.len();
        let section = Arc::clone(section);
        let mut task = JoinSet::new();
        task.spawn(async move {
            for (place, live) in places.into_iter().zip(live) {
                let read = read_file(&section, place, live.as_ref(), reads, &sender).await;
                let piece = read.map(|()| Piece::FileEnd);
                let failed = piece.is_err();
                if sender.send(piece).await.is_err() || failed {
                    return;
                }
            }
        });
        Self { pieces, files, files_ended: 0, _task: task }
    }

    /// The next piece; `None` after the last file.
    pub async fn next(&mut self) -> Result<Option<Piece>> {
        if self.files_ended == self.files {
            return Ok(None);
        }
        let piece = self.pieces.recv().await.unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Internal, "reading the keys of a run ended before its last file"))
        })?;
        self.files_ended += usize::from(matches!(piece, Piece::FileEnd));
        Ok(Some(piece))
    }
}

/// Sends the rows of one file. Where nobody receives them any more, it stops.
async fn read_file(
    section: &Section,
    place: usize,
    live: Option<&BooleanBuffer>,
    reads: Reads,
    sender: &mpsc::Sender<Result<Piece>>,
) -> Result<()> {
    let file = &section.files[place];
    let kinds = needs_kinds(file);
    if !reads.sequence && !kinds && section.rule.sequence_fields.is_empty() {
        let key: Vec<&SchemaField> =
            section.rule.key.iter().map(|&field| &section.schema.fields[field]).collect();
        let known = section.delete_reader.known_keys(section.file_to_read(file), &key).await?;
        if let Some(keys) = known {
            return send_known(place, &keys, reads.batch_rows, sender).await;
        }
    }
    let columns = columns(section, reads, kinds);
    let mut batches = reader::open(section.file_to_read(file), &columns, live, reads.batch_rows).await?;
    while let Some(batch) = batches.try_next().await? {
        let rows = split(section, place, &batch, reads, kinds)?;
        if sender.send(Ok(Piece::Rows(rows))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends rows of which nothing but the keys is wanted.
async fn send_known(
    place: usize,
    keys: &[ArrayRef],
    batch_rows: usize,
    sender: &mpsc::Sender<Result<Piece>>,
) -> Result<()> {
    let rows = keys.first().map_or(0, |column| column.len());
    for start in (0..rows).step_by(batch_rows.max(1)) {
        let length = batch_rows.min(rows - start);
        let keys = keys.iter().map(|column| column.slice(start, length)).collect();
        let rows = RunRows { file: place, keys, user_sequence: Vec::new(), sequence: None, kinds: None };
        if sender.send(Ok(Piece::Rows(rows))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn columns(section: &Section, reads: Reads, kinds: bool) -> ReadColumns {
    let rule = &section.rule;
    let wanted = rule.key.iter().chain(&rule.sequence_fields);
    let mut system = Vec::new();
    if reads.sequence {
        system.push(system_column(&rule.sequence_column, LogicalType::BigInt));
    }
    if kinds {
        system.push(system_column(&rule.kind_column, LogicalType::TinyInt));
    }
    let fields = wanted.map(|&field| section.schema.fields[field].clone()).collect();
    ReadColumns { fields, system, row_number: None }
}

fn system_column(name: &str, data_type: LogicalType) -> SystemColumn {
    SystemColumn { name: name.to_owned(), data_type, missing: WhenMissing::Error }
}

/// The columns of a batch of [`columns`].
fn split(section: &Section, place: usize, batch: &RecordBatch, reads: Reads, kinds: bool) -> Result<RunRows> {
    let file = &section.files[place];
    let key_columns = section.rule.key.len();
    let user_columns = section.rule.sequence_fields.len();
    let (keys, rest) = batch.columns().split_at(key_columns.min(batch.num_columns()));
    let (user_sequence, mut system) = rest.split_at(user_columns.min(rest.len()));
    let mut next = || {
        let (first, rest) = system.split_first().ok_or_else(|| {
            Error::new(ErrorKind::Internal, format!("{} was read without a system column", file.path))
        })?;
        system = rest;
        Ok::<_, Error>(first)
    };
    let sequence = if reads.sequence { Some(int64_values(section, file, next()?)?) } else { None };
    let kinds = if kinds { Some(kind_values(section, file, next()?)?) } else { None };
    Ok(RunRows { file: place, keys: keys.to_vec(), user_sequence: user_sequence.to_vec(), sequence, kinds })
}

fn int64_values(section: &Section, file: &DataFile, column: &ArrayRef) -> Result<Vec<i64>> {
    match column.as_primitive_opt::<Int64Type>() {
        Some(values) if values.null_count() == 0 => Ok(values.values().to_vec()),
        _ => {
            let reason = format!("{} must be BIGINT NOT NULL", section.rule.sequence_column);
            Err(section.corrupt(file, &reason))
        }
    }
}

fn kind_values(section: &Section, file: &DataFile, column: &ArrayRef) -> Result<Vec<i8>> {
    match column.as_primitive_opt::<Int8Type>() {
        Some(values)
            if values.null_count() == 0 && values.values().iter().all(|kind| (0..=3).contains(kind)) =>
        {
            Ok(values.values().to_vec())
        }
        _ => {
            let reason = format!("{} must hold row kinds 0 to 3", section.rule.kind_column);
            Err(section.corrupt(file, &reason))
        }
    }
}
