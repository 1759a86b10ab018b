//! ORC files, through the `orc-rust` crate.
//!
//! Timestamps are decoded as decimals of nanoseconds, since that crate turns those that 64 bits do
//! not hold into NULL. Everything is decoded and dead rows are filtered out afterwards.

use std::io;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use orc_rust::ArrowReaderBuilder;
use orc_rust::error::OrcError;
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::AsyncChunkReader;
use tarn_catalog::{Error, Result};

use super::columns::ColumnPlan;
use super::{PhysicalRows, Request};
use crate::scan::evolve::WIDE_TIMESTAMP;

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let path: Arc<str> = request.path().into();
    let file = &request.source.file;
    let reader =
        StoreReader { store: Arc::clone(&request.source.store), path: file.path.clone(), size: file.size };
    let builder =
        ArrowReaderBuilder::try_new_async(reader).await.map_err(|error| orc_error(&path, &error))?;
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
    let reader = StoreReader { store: Arc::clone(store), path: path.clone(), size };
    let builder = ArrowReaderBuilder::try_new_async(reader).await;
    let builder = builder.map_err(|error| orc_error(path.as_ref(), &error))?;
    Ok((builder.schema(), builder.file_metadata().number_of_rows()))
}

/// The file's columns, with timestamps as decimals of nanoseconds at every depth.
fn decodable(schema: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|field| decodable_field(field)).collect::<Fields>()))
}

fn decodable_field(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Timestamp(..) => WIDE_TIMESTAMP,
        DataType::List(element) => DataType::List(Arc::new(decodable_field(element))),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(decodable_field(entries)), *sorted),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| decodable_field(field)).collect())
        }
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

fn orc_error(path: &str, error: &OrcError) -> Error {
    Error::corrupt(path, error.to_string())
}

/// Gives ranges of a file in an object store, and none outside the file.
struct StoreReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncChunkReader for StoreReader {
    fn len(&mut self) -> BoxFuture<'_, io::Result<u64>> {
        let size = self.size;
        async move { Ok(size) }.boxed()
    }

    fn get_bytes(&mut self, offset: u64, length: u64) -> BoxFuture<'_, io::Result<Bytes>> {
        async move {
            if length == 0 {
                return Ok(Bytes::new());
            }
            let end = offset.checked_add(length).filter(|&end| end <= self.size);
            let end = end.ok_or_else(|| {
                let reason = format!("{length} bytes at {offset} are not within its {} bytes", self.size);
                io::Error::new(io::ErrorKind::InvalidData, reason)
            })?;
            self.store.get_range(&self.path, offset..end).await.map_err(io::Error::other)
        }
        .boxed()
    }
}
