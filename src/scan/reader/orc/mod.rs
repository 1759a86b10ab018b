//! ORC files, through the `orc-rust` crate.
//!
//! Timestamps are decoded as decimals of nanoseconds, since that crate turns those that 64 bits do
//! not hold into NULL. Everything is decoded and dead rows are filtered out afterwards.

mod store_reader;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::proto::Type;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use tarn_catalog::split::ORC_FIELD_ID;
use tarn_catalog::{Error, Result, orc_tail};

use super::columns::ColumnPlan;
use super::{PhysicalRows, Request};
use crate::scan::evolve::DECIMAL_NANOS;
use store_reader::StoreReader;

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let path: Arc<str> = request.path().into();
    let file = &request.source.file;
    let (builder, types) = builder(&request.source.store, &file.path, file.size).await?;
    request.check_rows(builder.file_metadata().number_of_rows())?;

    let plain = decodable(&builder.schema());
    let plan = request.plan(&with_ids(&plain, &types))?;
    let needed = plain.project(plan.places()).map_err(|error| request.corrupt(error.to_string()))?;
    let root = builder.file_metadata().root_data_type();
    let columns = plan
        .places()
        .iter()
        .filter_map(|&place| Some(root.children().get(place)?.data_type().column_index()));
    let mask = ProjectionMask::roots(root, columns);
    let batches = builder
        .with_batch_size(request.batch_size)
        .with_projection(mask)
        .with_schema(Arc::new(needed))
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
    let (builder, _) = builder(store, path, size).await?;
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

/// The same columns with the field ids that some writers give the file's types.
fn with_ids(schema: &SchemaRef, types: &[Type]) -> SchemaRef {
    let children = types.first().map_or(&[][..], |root| &root.subtypes);
    Arc::new(Schema::new(fields_with_ids(schema.fields(), children, types)))
}

fn fields_with_ids(fields: &Fields, places: &[u32], types: &[Type]) -> Fields {
    let field = |(field, place): (&FieldRef, &u32)| field_with_id(field, *place, types);
    if fields.len() == places.len() { fields.iter().zip(places).map(field).collect() } else { fields.clone() }
}

fn field_with_id(field: &Field, place: u32, types: &[Type]) -> Field {
    let of = usize::try_from(place).ok().and_then(|place| types.get(place));
    let Some(of) = of else { return field.clone() };
    let data_type = match (field.data_type(), of.subtypes.as_slice()) {
        (DataType::Struct(fields), children) => DataType::Struct(fields_with_ids(fields, children, types)),
        (DataType::List(element), [child]) => DataType::List(Arc::new(field_with_id(element, *child, types))),
        (DataType::Map(entries, sorted), children) => match entries.data_type() {
            DataType::Struct(parts) => {
                let parts = DataType::Struct(fields_with_ids(parts, children, types));
                DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(parts)), *sorted)
            }
            _ => field.data_type().clone(),
        },
        (other, _) => other.clone(),
    };
    let ids = of.attributes.iter().filter(|pair| pair.key() == ORC_FIELD_ID);
    let ids = ids.map(|pair| (PARQUET_FIELD_ID_META_KEY.to_owned(), pair.value().to_owned()));
    Field::new(field.name(), data_type, field.is_nullable()).with_metadata(ids.collect())
}

async fn builder(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    size: u64,
) -> Result<(ArrowReaderBuilder<StoreReader>, Vec<Type>)> {
    let reader = StoreReader::open(Arc::clone(store), path.clone(), size).await?;
    let types = orc_tail::check(reader.tail()).map_err(|reason| reason.of_file(path))?;
    let builder = ArrowReaderBuilder::try_new_async(reader)
        .await
        .map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
    Ok((builder, types))
}
