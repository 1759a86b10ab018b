//! Parquet files, through the asynchronous Arrow reader of the `parquet` crate.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use tarn_catalog::{Error, Result};

use super::columns::ColumnPlan;
use super::int96::{self, Int96Columns};
use super::{BatchStream, PhysicalRows, Request};
use crate::scan::footer::CachedReader;

/// Below this share of live rows, dead ones are skipped in the decoder; above it everything is
/// decoded and filtered, which measured faster for scattered dead rows.
const SELECTION_SHARE: f64 = 0.5;

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let source = &request.source;
    let footer = source
        .footers
        .footer(&source.store, &source.file.path, source.file.size)
        .await
        .map_err(|error| parquet_error(request.path(), error))?;
    let rows = footer.file_metadata().num_rows();
    request.check_rows(u64::try_from(rows).map_err(|_| request.corrupt(format!("it has {rows} rows")))?)?;
    let stored = arrow_schema(request, &footer)?;
    let int96 = Int96Columns::find(&footer, &stored);
    let micros = int96.in_micros(&stored);
    // The first plan finds the columns that are needed, the second knows which of them are wide.
    let places = request.plan(&micros)?.places().to_vec();
    let wide_places = int96.wide_places(&stored, &places, &request.schema);
    let plan = request.plan(&int96::with_wide(&micros, &stored, &wide_places))?;

    let columns = Selected { footer: &footer, places: &places, schema: viewed(&micros, &places) };
    let mut batches = stream(request, &columns)?;
    if !wide_places.is_empty() {
        // The same rows once more, in nanoseconds that may have wrapped around.
        let nanos = Selected { footer: &footer, places: &wide_places, schema: Arc::clone(&stored) };
        batches = int96::widen(batches, stream(request, &nanos)?, &places, wide_places, request.path());
    }
    Ok((plan, PhysicalRows { batches, only_live: selection(request).is_some() }))
}

/// The file's columns as Arrow sees them, without the hints of the writer's own Arrow schema.
fn arrow_schema(request: &Request<'_>, footer: &Arc<ParquetMetaData>) -> Result<SchemaRef> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(footer), options)
        .map_err(|error| parquet_error(request.path(), error))?;
    Ok(Arc::clone(metadata.schema()))
}

/// Columns of the file to decode, and the Arrow types in which to do so.
struct Selected<'a> {
    footer: &'a Arc<ParquetMetaData>,
    places: &'a [usize],
    /// Of all columns of the file.
    schema: SchemaRef,
}

fn stream(request: &Request<'_>, columns: &Selected<'_>) -> Result<BatchStream> {
    let path: Arc<str> = request.path().into();
    let failed = |error| parquet_error(&path, error);
    let source = &request.source;
    let options =
        ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(Arc::clone(&columns.schema));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(columns.footer), options).map_err(failed)?;
    let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.places.iter().copied());
    let reader = CachedReader::new(
        Arc::clone(&source.store),
        Arc::clone(&source.footers),
        source.file.path.clone(),
        source.file.size,
    );
    let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
        .with_batch_size(request.batch_size)
        .with_projection(mask);
    if let Some(selection) = selection(request) {
        builder = builder.with_row_selection(selection);
    }
    let batches = builder.build().map_err(failed)?;
    Ok(batches.map_err(move |error| parquet_error(&path, error)).boxed())
}

fn selection(request: &Request<'_>) -> Option<RowSelection> {
    let live = request.live?;
    let share = live.count_set_bits() as f64 / live.len().max(1) as f64;
    (share < SELECTION_SHARE).then(|| RowSelection::from_boolean_buffer(live.clone()))
}

/// Asks for text and bytes of the needed columns as views, at every depth.
fn viewed(schema: &SchemaRef, places: &[usize]) -> SchemaRef {
    let fields = schema.fields().iter().enumerate().map(|(place, field)| {
        if places.binary_search(&place).is_ok() { viewed_field(field) } else { field.as_ref().clone() }
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone()))
}

fn viewed_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(element) => DataType::List(Arc::new(viewed_field(element))),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(viewed_field(entries)), *sorted),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| viewed_field(field)).collect())
        }
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

/// Tells a store that failed from a file that is not what it should be.
pub(in crate::scan) fn parquet_error(path: &str, error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<object_store::Error>() {
            Ok(cause) => Error::storage(path, *cause),
            Err(cause) => Error::corrupt(path, cause.to_string()),
        },
        error => Error::corrupt(path, error.to_string()),
    }
}
