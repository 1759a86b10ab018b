//! What is asked of a file, and which of its columns that needs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::{DataFile, FieldLookup, FileSchema, RowColumn};
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};

use crate::scan::evolve::{BatchEvolver, EvolvedColumn, Origin, check_file_ids, settled};

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

/// A column of data files that is none of the table's, by the name that files have for it unless their schema
/// gives it another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemColumn {
    pub name: String,
    pub data_type: LogicalType,
    /// What stands where the file has no such column, or NULL in it.
    pub missing: WhenMissing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenMissing {
    /// The file is corrupt.
    Error,
    Null,
    /// The id of the file's first row and the row's position (BIGINT).
    RowId,
    /// The largest sequence number of the file (BIGINT).
    MaxSequence,
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
        Field::new(&self.name, self.data_type.arrow(), self.missing == WhenMissing::Null)
    }

    /// The column of a file of this schema.
    fn as_field(&self, id: i32, schema: &FileSchema) -> SchemaField {
        let tracked = match self.missing {
            WhenMissing::RowId => Some(RowColumn::Id),
            WhenMissing::MaxSequence => Some(RowColumn::Sequence),
            WhenMissing::Error | WhenMissing::Null => None,
        };
        let renamed =
            schema.row_columns.iter().find(|field| tracked.is_some() && RowColumn::of(field) == tracked);
        SchemaField {
            id,
            name: renamed.map_or(&self.name, |field| &field.name).clone(),
            data_type: self.data_type.clone(),
            nullable: self.missing != WhenMissing::Error,
            description: None,
            default_value: None,
        }
    }

    fn fill(&self, file: &DataFile) -> Result<Fill> {
        Ok(match self.missing {
            WhenMissing::Error | WhenMissing::Null => Fill::Nothing,
            WhenMissing::MaxSequence => Fill::Constant(file.max_sequence),
            WhenMissing::RowId => Fill::Position(file.first_row_id.ok_or_else(|| {
                Error::corrupt(file.path.as_ref(), "the table's metadata gives its first row no id")
            })?),
        })
    }
}

/// The way from a file's physical columns to the columns asked for.
#[derive(Debug, Clone)]
pub(super) struct ColumnPlan {
    /// Places of the physical columns that are needed, ascending.
    places: Vec<usize>,
    table: BatchEvolver,
    system: BatchEvolver,
    /// What stands for NULL in the system columns.
    fills: Vec<Fill>,
    needed: SchemaRef,
    schema: SchemaRef,
    has_row_number: bool,
    origin: Origin,
}

/// What stands for a NULL of a system column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Nothing,
    /// The row's position and this.
    Position(i64),
    Constant(i64),
}

impl ColumnPlan {
    /// `physical` is all that the file has; [`Self::places`] tells what of it to read.
    pub fn try_new(
        columns: &ReadColumns,
        file: &DataFile,
        schema: &FileSchema,
        physical: &SchemaRef,
        origin: Origin,
    ) -> Result<Self> {
        check_file_ids(physical.fields(), schema, &origin)?;
        let schema = &*settled(schema, physical.fields());
        // The ids are only of this plan: system columns are found by name.
        let ids = 0..i32::MAX;
        let system: Vec<_> =
            columns.system.iter().zip(ids).map(|(column, id)| column.as_field(id, schema)).collect();
        let system_schema = FileSchema {
            id: schema.id,
            fields: system.clone(),
            lookup: FieldLookup::ByName,
            defaults: Vec::new(),
            row_columns: Vec::new(),
            aliases: Vec::new(),
        };
        let evolvers = |physical: &Schema| -> Result<(BatchEvolver, BatchEvolver)> {
            let constants = &file.constants;
            let table = BatchEvolver::try_new(&columns.fields, schema, constants, physical, origin.clone())?;
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
            fills: columns.system.iter().map(|column| column.fill(file)).collect::<Result<_>>()?,
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

    /// Whether [`Self::assemble`] needs the positions of the rows.
    pub fn needs_positions(&self) -> bool {
        self.has_row_number || self.fills.iter().any(|fill| matches!(fill, Fill::Position(_)))
    }

    /// Builds the batch asked for from one of the needed physical columns.
    pub fn assemble(&self, batch: &RecordBatch, positions: Option<ArrayRef>) -> Result<RecordBatch> {
        let mut arrays = self.table.evolve(batch)?.columns().to_vec();
        let system = self.system.evolve(batch)?;
        for (array, fill) in system.columns().iter().zip(&self.fills) {
            arrays.push(self.filled(array, *fill, positions.as_ref())?);
        }
        arrays.extend(positions.filter(|_| self.has_row_number));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| arrow_error(&self.origin, &error))
    }

    fn filled(&self, array: &ArrayRef, fill: Fill, positions: Option<&ArrayRef>) -> Result<ArrayRef> {
        if fill == Fill::Nothing || array.null_count() == 0 {
            return Ok(Arc::clone(array));
        }
        let misfit = || self.error("a system column of it holds no BIGINT");
        let values = array.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
        let positions = positions.and_then(|positions| positions.as_primitive_opt::<Int64Type>());
        let substitute = |row: usize| match (fill, positions) {
            (Fill::Constant(value), _) => Some(value),
            (Fill::Position(first), Some(positions)) => first.checked_add(positions.value(row)),
            _ => None,
        };
        let filled = values.iter().enumerate().map(|(row, value)| value.or_else(|| substitute(row)));
        Ok(Arc::new(filled.collect::<Int64Array>()))
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
