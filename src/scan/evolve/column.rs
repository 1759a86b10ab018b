//! Where a column of the table comes from in one file.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Fields};
use datafusion::scalar::ScalarValue;
use tarn_catalog::Result;
use tarn_catalog::datum::Datum;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FileSchema;

use super::constant::datum_to_scalar;
use super::conversion::Conversion;
use super::error::{CastError, Origin};
use super::lookup::find_field;

/// How to get a column of the table from a file.
#[derive(Debug, Clone, PartialEq)]
pub enum EvolvedColumn {
    /// The file does not have it: every value is NULL.
    Missing(DataType),
    /// Metadata says the one value that all rows have.
    Constant(ScalarValue),
    FromFile {
        /// The column as the file's schema has it.
        written: SchemaField,
        /// Its place among the physical columns.
        place: usize,
        conversion: Conversion,
    },
}

impl EvolvedColumn {
    /// Finds a table's column, by its id, in a file of this schema and these physical columns.
    ///
    /// A column that the schema has and the file does not is NULL, as in the formats' own readers.
    pub fn plan(
        wanted: &SchemaField,
        file: &FileSchema,
        constants: &[(i32, Datum)],
        physical: &Fields,
        origin: &Origin,
    ) -> Result<Self> {
        let in_column = |error| origin.error(&wanted.name, error);
        if let Some((_, datum)) = constants.iter().find(|(id, _)| *id == wanted.id) {
            return Ok(Self::Constant(datum_to_scalar(datum, &wanted.data_type).map_err(in_column)?));
        }
        let written = file.field_by_id(wanted.id);
        let place = written.and_then(|field| Some((field, find_field(physical, field, file.lookup)?)));
        let Some((written, place)) = place else {
            if let Some((_, datum)) = file.defaults.iter().find(|(id, _)| *id == wanted.id) {
                return Ok(Self::Constant(datum_to_scalar(datum, &wanted.data_type).map_err(in_column)?));
            }
            if !wanted.nullable {
                let reason = "it is NOT NULL in the table and not in the file".to_owned();
                return Err(in_column(CastError::Physical(reason)));
            }
            return Ok(Self::Missing(wanted.data_type.arrow()));
        };
        let stored = physical[place].data_type();
        let conversion = Conversion::plan(stored, &written.data_type, &wanted.data_type, file.lookup)
            .map_err(in_column)?;
        Ok(Self::FromFile { written: written.clone(), place, conversion })
    }

    /// The column's values for a batch of physical columns.
    pub fn read(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef, CastError> {
        match self {
            Self::Missing(data_type) => Ok(new_null_array(data_type, rows)),
            Self::Constant(value) => {
                value.to_array_of_size(rows).map_err(|error| CastError::Physical(error.to_string()))
            }
            Self::FromFile { place, conversion, .. } => {
                let column = columns.get(*place).map(Arc::clone);
                let column = column.ok_or_else(|| {
                    CastError::Physical(format!("a batch has {} columns and not this one", columns.len()))
                })?;
                conversion.apply(&column)
            }
        }
    }
}
