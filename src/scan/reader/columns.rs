//! What is asked of a file, and which of its columns that needs.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use tarn_catalog::datum::Datum;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{FieldLookup, FileSchema};
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};

use crate::scan::evolve::{BatchEvolver, EvolvedColumn, Origin};

/// The columns to read, which come out in this order: the table's, the system's, the row number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadColumns {
    /// Columns of the table, each with the type that it has now.
    pub fields: Vec<SchemaField>,
    /// Columns that the files have and the table does not, such as a sequence number.
    pub system: Vec<SystemColumn>,
    /// The name under which each row's position in the file comes out (`Int64`, counted from 0).
    pub row_number: Option<String>,
}

/// A column of data files that is none of the table's, by its physical name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemColumn {
    pub name: String,
    pub data_type: LogicalType,
    /// Whether a file without it is corrupt; otherwise its values are NULL.
    pub required: bool,
}

impl ReadColumns {
    /// The columns of the table alone.
    pub fn of_table(fields: Vec<SchemaField>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// The schema of the batches that come out.
    pub fn schema(&self) -> SchemaRef {
        let table = self.fields.iter().map(SchemaField::arrow);
        let system = self.system.iter().map(SystemColumn::arrow);
        let row_number = self.row_number.iter().map(|name| Field::new(name, DataType::Int64, false));
        Arc::new(Schema::new(table.chain(system).chain(row_number).collect::<Vec<_>>()))
    }
}

impl SystemColumn {
    fn arrow(&self) -> Field {
        Field::new(&self.name, self.data_type.arrow(), !self.required)
    }

    fn as_field(&self, id: i32) -> SchemaField {
        SchemaField {
            id,
            name: self.name.clone(),
            data_type: self.data_type.clone(),
            nullable: !self.required,
            description: None,
            default_value: None,
        }
    }
}

/// The way from a file's physical columns to the columns asked for.
#[derive(Debug, Clone)]
pub(super) struct ColumnPlan {
    /// Places of the physical columns that are needed, ascending.
    places: Vec<usize>,
    table: BatchEvolver,
    system: BatchEvolver,
    needed: SchemaRef,
    schema: SchemaRef,
    has_row_number: bool,
    origin: Origin,
}

impl ColumnPlan {
    /// `physical` is all that the file has; [`Self::project`] tells what of it to read.
    pub fn try_new(
        columns: &ReadColumns,
        file: &FileSchema,
        constants: &[(i32, Datum)],
        physical: &SchemaRef,
        origin: Origin,
    ) -> Result<Self> {
        // The ids are only of this plan: system columns are found by name.
        let ids = 0..i32::MAX;
        let system: Vec<_> = columns.system.iter().zip(ids).map(|(column, id)| column.as_field(id)).collect();
        let system_schema = FileSchema { id: file.id, fields: system.clone(), lookup: FieldLookup::ByName };
        let evolvers = |physical: &Schema| -> Result<(BatchEvolver, BatchEvolver)> {
            let table = BatchEvolver::try_new(&columns.fields, file, constants, physical, origin.clone())?;
            let system = BatchEvolver::try_new(&system, &system_schema, &[], physical, origin.clone())?;
            Ok((table, system))
        };
        let (table, system) = evolvers(physical)?;
        let places = needed_places([&table, &system]);
        let needed = physical.project(&places).map_err(|error| arrow_error(&origin, &error))?;
        let (table, system) = evolvers(&needed)?;
        Ok(Self {
            places,
            table,
            system,
            needed: Arc::new(needed),
            schema: columns.schema(),
            has_row_number: columns.row_number.is_some(),
            origin,
        })
    }

    /// Places of the needed columns among the file's, ascending.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// The physical columns that batches to be assembled must have.
    pub fn needed_schema(&self) -> SchemaRef {
        Arc::clone(&self.needed)
    }

    pub fn has_row_number(&self) -> bool {
        self.has_row_number
    }

    /// Builds the batch asked for from one of the needed physical columns.
    pub fn assemble(&self, batch: &RecordBatch, row_numbers: Option<ArrayRef>) -> Result<RecordBatch> {
        let mut arrays = self.table.evolve(batch)?.columns().to_vec();
        arrays.extend_from_slice(self.system.evolve(batch)?.columns());
        arrays.extend(row_numbers);
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| arrow_error(&self.origin, &error))
    }

    pub fn error(&self, reason: impl Into<String>) -> Error {
        let file = self.origin.file.as_deref().unwrap_or_default();
        Error::corrupt(file, reason)
    }
}

fn arrow_error(origin: &Origin, error: &ArrowError) -> Error {
    Error::corrupt(origin.file.as_deref().unwrap_or_default(), error.to_string())
}

fn needed_places(evolvers: [&BatchEvolver; 2]) -> Vec<usize> {
    let columns = evolvers.into_iter().flat_map(BatchEvolver::columns);
    let mut places: Vec<_> = columns
        .filter_map(|column| match column {
            EvolvedColumn::FromFile { place, .. } => Some(*place),
            EvolvedColumn::Missing(_) | EvolvedColumn::Constant(_) => None,
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}
