//! Parquet timestamps of nanoseconds, which writers store as INT96 and Arrow cannot hold.
//!
//! INT96 is a day and the nanoseconds within it. The Arrow reader gives it as 64-bit nanoseconds,
//! which silently wrap around outside 1677 to 2262, or as microseconds, which do not but drop
//! digits. Read both ways, the two tell the exact value: the microseconds say where it is, and the
//! low digits of the wrapped nanoseconds are still right. Lakes do hold such values (years 1 and 9999
//! as bounds), so such columns are read twice and handed on as [`DECIMAL_NANOS`].

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, ListArray, MapArray, RecordBatch, StructArray,
};
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow::error::ArrowError;
use datafusion::datasource::physical_plan::parquet::Int96Coercer;
use futures::StreamExt;
use parquet::file::metadata::ParquetMetaData;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{FileFormat, FileSchema};
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};

use super::BatchStream;
use crate::scan::evolve::DECIMAL_NANOS;

/// Whether a Parquet file of this schema must be read by [`super::open`] for the sake of these
/// columns, because DataFusion's source would wrap timestamps of nanoseconds around.
pub fn needs_own_reader<'a>(
    format: FileFormat,
    file: &FileSchema,
    columns: impl IntoIterator<Item = &'a SchemaField>,
) -> bool {
    format == FileFormat::Parquet
        && columns
            .into_iter()
            .filter_map(|column| file.field_by_id(column.id))
            .any(|written| holds_nanoseconds(&written.data_type))
}

fn holds_nanoseconds(ty: &LogicalType) -> bool {
    use LogicalType as T;
    match ty {
        T::Timestamp { precision } | T::TimestampLtz { precision } => *precision > 6,
        T::Array { element, .. } | T::Vector { element, .. } | T::Multiset { element } => {
            holds_nanoseconds(element)
        }
        T::Map { key, value, .. } => holds_nanoseconds(key) || holds_nanoseconds(value),
        T::Row { fields } => fields.iter().any(|field| holds_nanoseconds(&field.data_type)),
        _ => false,
    }
}

/// The columns of a file that hold INT96 values, as the file's schema in microseconds.
pub(super) struct Int96Columns {
    micros: Option<Schema>,
}

impl Int96Columns {
    pub fn find(footer: &ParquetMetaData, stored: &SchemaRef) -> Self {
        let parquet = footer.file_metadata().schema_descr();
        Self { micros: Int96Coercer::new(parquet, stored, &TimeUnit::Microsecond).coerce() }
    }

    /// The schema with INT96 columns in microseconds.
    pub fn in_micros(&self, stored: &SchemaRef) -> SchemaRef {
        self.micros.clone().map_or_else(|| Arc::clone(stored), Arc::new)
    }

    /// Which of the needed columns hold INT96 values that may need all their digits.
    pub fn wide_places(&self, stored: &SchemaRef, places: &[usize], file: &FileSchema) -> Vec<usize> {
        let Some(micros) = &self.micros else { return Vec::new() };
        let is_wide = |place: &usize| {
            let (stored, micros) = (stored.field(*place), micros.field(*place));
            let written = file.fields.iter().find(|field| field.name == *stored.name());
            // A column that is not in the schema by name may be by id: then it is read in full.
            stored.data_type() != micros.data_type()
                && written.is_none_or(|field| holds_nanoseconds(&field.data_type))
        };
        places.iter().copied().filter(is_wide).collect()
    }
}

/// The schema in which the columns at these places hold wide timestamps where INT96 stands.
pub(super) fn with_wide(micros: &SchemaRef, stored: &SchemaRef, wide_places: &[usize]) -> SchemaRef {
    let fields = micros.fields().iter().zip(stored.fields()).enumerate().map(|(place, (micros, stored))| {
        if wide_places.contains(&place) { widen_field(micros, stored) } else { Arc::clone(micros) }
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), micros.metadata().clone()))
}

fn widen_field(micros: &FieldRef, nanos: &FieldRef) -> FieldRef {
    let data_type = widen_type(micros.data_type(), nanos.data_type());
    Arc::new(micros.as_ref().clone().with_data_type(data_type))
}

/// Two readings of one type, merged: wide where they differ in their unit.
fn widen_type(micros: &DataType, nanos: &DataType) -> DataType {
    use DataType as D;
    match (micros, nanos) {
        (D::Timestamp(TimeUnit::Microsecond, _), D::Timestamp(TimeUnit::Nanosecond, _)) => DECIMAL_NANOS,
        (D::List(micros), D::List(nanos)) => D::List(widen_field(micros, nanos)),
        (D::Map(micros, sorted), D::Map(nanos, _)) => D::Map(widen_field(micros, nanos), *sorted),
        (D::Struct(micros), D::Struct(nanos)) => {
            D::Struct(micros.iter().zip(nanos).map(|(micros, nanos)| widen_field(micros, nanos)).collect())
        }
        _ => micros.clone(),
    }
}

/// Joins the two readings of the same rows. `places` are those of the columns in `micros`,
/// `wide_places` those in `nanos`.
pub(super) fn widen(
    micros: BatchStream,
    nanos: BatchStream,
    places: &[usize],
    wide_places: Vec<usize>,
    path: &str,
) -> BatchStream {
    let columns: Vec<_> =
        wide_places.iter().filter_map(|wide| places.iter().position(|place| place == wide)).collect();
    let path: Arc<str> = path.into();
    micros
        .zip(nanos)
        .map(move |(micros, nanos)| {
            widen_batch(&micros?, &nanos?, &columns)
                .map_err(|error| Error::corrupt(&*path, format!("two readings of it differ: {error}")))
        })
        .boxed()
}

fn widen_batch(
    micros: &RecordBatch,
    nanos: &RecordBatch,
    columns: &[usize],
) -> Result<RecordBatch, ArrowError> {
    if micros.num_rows() != nanos.num_rows() {
        return Err(ArrowError::ComputeError("in their number of rows".to_owned()));
    }
    let mut arrays = micros.columns().to_vec();
    let mut fields: Vec<FieldRef> = micros.schema().fields().to_vec();
    for (&column, nanos) in columns.iter().zip(nanos.columns()) {
        let wide = widen_array(&arrays[column], nanos)?;
        fields[column] = Arc::new(fields[column].as_ref().clone().with_data_type(wide.data_type().clone()));
        arrays[column] = wide;
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn widen_array(micros: &ArrayRef, nanos: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let unlike = || ArrowError::ComputeError(format!("{} and {}", micros.data_type(), nanos.data_type()));
    if micros.len() != nanos.len() {
        return Err(unlike());
    }
    match (micros.data_type(), nanos.data_type()) {
        (DataType::Timestamp(TimeUnit::Microsecond, _), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
            let micros = micros.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(unlike)?;
            let nanos = nanos.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(unlike)?;
            let values =
                micros.values().iter().zip(nanos.values()).map(|(&micros, &nanos)| exact(micros, nanos));
            let wide = Decimal128Array::new(values.collect(), micros.nulls().cloned());
            Ok(Arc::new(wide.with_data_type(DECIMAL_NANOS)))
        }
        (DataType::Struct(_), DataType::Struct(_)) => {
            let micros = micros.as_struct_opt().ok_or_else(unlike)?;
            let nanos = nanos.as_struct_opt().ok_or_else(unlike)?;
            Ok(Arc::new(widen_struct(micros, nanos)?))
        }
        (DataType::List(field), DataType::List(_)) => {
            let list = micros.as_list_opt::<i32>().ok_or_else(unlike)?;
            let values = widen_array(list.values(), nanos.as_list_opt::<i32>().ok_or_else(unlike)?.values())?;
            let field = Arc::new(Field::new(field.name(), values.data_type().clone(), field.is_nullable()));
            Ok(Arc::new(ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        (DataType::Map(field, sorted), DataType::Map(..)) => {
            let map = micros.as_map_opt().ok_or_else(unlike)?;
            let entries = widen_struct(map.entries(), nanos.as_map_opt().ok_or_else(unlike)?.entries())?;
            let field = Arc::new(Field::new(field.name(), entries.data_type().clone(), false));
            let nulls = map.nulls().cloned();
            Ok(Arc::new(MapArray::try_new(field, map.offsets().clone(), entries, nulls, *sorted)?))
        }
        _ => Ok(Arc::clone(micros)),
    }
}

fn widen_struct(micros: &StructArray, nanos: &StructArray) -> Result<StructArray, ArrowError> {
    let columns = micros
        .columns()
        .iter()
        .zip(nanos.columns())
        .map(|(micros, nanos)| widen_array(micros, nanos))
        .collect::<Result<Vec<_>, _>>()?;
    let fields: Fields = micros
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()))
        .collect();
    StructArray::try_new_with_length(fields, columns, micros.nulls().cloned(), micros.len())
}

/// The nanoseconds since 1970, from microseconds and from the same nanoseconds reduced to 64 bits.
///
/// The microseconds are rounded to either side: some writers store days before 1970 with negative
/// nanoseconds, which the reader divides toward zero.
fn exact(micros: i64, wrapped_nanos: i64) -> i128 {
    let rest = wrapped_nanos.wrapping_sub(micros.wrapping_mul(1000));
    i128::from(micros) * 1000 + i128::from(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_give_the_exact_value() {
        for nanos in
            [0_i128, -1, 1_709_164_801_120_000_001, 253_402_300_799_999_999_999, -62_135_596_799_999_999_999]
        {
            for micros in [nanos.div_euclid(1000), nanos / 1000] {
                let micros = i64::try_from(micros).unwrap_or(0);
                assert_eq!(exact(micros, nanos as i64), nanos);
            }
        }
    }
}
