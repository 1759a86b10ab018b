//! ORC files, through the `orc-rust` crate.
//!
//! Timestamps are decoded as decimals of nanoseconds, since that crate turns those that 64 bits do
//! not hold into NULL. Everything is decoded and dead rows are filtered out afterwards.

mod store_reader;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use tarn_catalog::{Error, Result, orc_tail};

use super::columns::ColumnPlan;
use super::{PhysicalRows, Request};
use crate::scan::evolve::DECIMAL_NANOS;
use store_reader::StoreReader;

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let path: Arc<str> = request.path().into();
    let file = &request.source.file;
    let builder = builder(&request.source.store, &file.path, file.size).await?;
    request.check_rows(builder.file_metadata().number_of_rows())?;

    let stored = decodable(&builder.schema());
    let plan = request.plan(&stored)?;
    let root = builder.file_metadata().root_data_type();
    let columns = plan
        .places()
        .iter()
        .filter_map(|&place| Some(root.children().get(place)?.data_type().column_index()));
    let mask = ProjectionMask::roots(root, columns);
    let batches = builder
        .with_batch_size(request.batch_size)
        .with_projection(mask)
        .with_schema(plan.needed_schema())
        .build_async()
        .map_err(move |error| Error::corrupt(&*path, error.to_string()))
        .boxed();
    Ok((plan, PhysicalRows { batches, only_live: false }))
}

/// The columns and the row count of a file.
pub(super) async fn describe(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    size: u64,
) -> Result<(SchemaRef, u64)> {
    let builder = builder(store, path, size).await?;
    Ok((builder.schema(), builder.file_metadata().number_of_rows()))
}

/// The file's columns, with timestamps as decimals of nanoseconds at every depth.
fn decodable(schema: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|field| decodable_field(field)).collect::<Fields>()))
}

fn decodable_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Timestamp(..) => DECIMAL_NANOS,
        DataType::List(element) => DataType::List(Arc::new(decodable_field(element))),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(decodable_field(entries)), *sorted),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| decodable_field(field)).collect())
        }
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

async fn builder(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    size: u64,
) -> Result<ArrowReaderBuilder<StoreReader>> {
    let reader = StoreReader::open(Arc::clone(store), path.clone(), size).await?;
    orc_tail::check(reader.tail()).map_err(|reason| reason.of_file(path))?;
    ArrowReaderBuilder::try_new_async(reader)
        .await
        .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))
}
