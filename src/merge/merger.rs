//! Merges the versions of keys by a table's rule.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use tarn_catalog::merge_rule::{MergeEngine, MergeRule};
use tarn_catalog::schema::TableSchema;
use tarn_catalog::{Error, Result};

use super::aggregate::{Aggregator, Work};
use super::aggregation::Aggregation;
use super::fault::Fault;
use super::options::Options;
use super::partial_update::PartialUpdate;
use super::pick::Pick;
use super::steps::{Plan, Step, Steps};
use super::versions::{Versions, is_retraction};

/// Whether merged rows that are retractions are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retractions {
    /// Deleted keys have no row: the table as a query sees it.
    Drop,
    /// Deleted keys have a row with its kind, as audit logs show it.
    Keep,
}

/// Merged rows, in the order of their keys.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The columns of the projection.
    pub rows: RecordBatch,
    /// Which group each row comes from.
    pub groups: Vec<u32>,
    /// The kind of each row: 0 insert, 1 update before, 2 update after, 3 delete.
    pub kinds: Vec<i8>,
}

/// Merges the versions of keys, for one table and projection.
#[derive(Debug)]
pub struct Merger {
    table: String,
    engine: Engine,
    required: Vec<usize>,
    /// Types of the required columns.
    types: Vec<DataType>,
    output: SchemaRef,
    columns: Vec<MergedColumn>,
}

#[derive(Debug)]
enum Engine {
    Pick(Pick),
    PartialUpdate(PartialUpdate),
    Aggregation(Aggregation),
}

/// A column of the output.
#[derive(Debug)]
struct MergedColumn {
    name: String,
    nullable: bool,
    /// Its place among the required columns.
    input: usize,
    aggregator: Aggregator,
    /// Which steps of the plan it follows.
    steps: usize,
}

impl Merger {
    /// Prepares the merge of the projected columns (indices into the schema, in any order).
    ///
    /// Fails with [`Error::Unsupported`] where the rule, an option or a function is not implemented, and
    /// with [`Error::Invalid`] where the options contradict each other or the columns' types.
    pub fn try_new(
        table: &str,
        rule: &MergeRule,
        schema: &TableSchema,
        projection: &[usize],
    ) -> Result<Self> {
        if let Some(column) = projection.iter().find(|column| **column >= schema.fields.len()) {
            return Err(Error::invalid(format!("table {table} has no column number {column} to merge")));
        }
        let options = Options::new(table, &rule.options);
        let engine = match rule.engine {
            MergeEngine::Deduplicate => Engine::Pick(Pick::Last { ignore_delete: options.ignore_delete()? }),
            MergeEngine::FirstRow => Engine::Pick(Pick::First { ignore_delete: options.ignore_delete()? }),
            MergeEngine::PartialUpdate => {
                Engine::PartialUpdate(PartialUpdate::try_new(schema, &options, projection)?)
            }
            MergeEngine::Aggregation => Engine::Aggregation(Aggregation::try_new(&options)?),
        };
        let required = engine.required(projection);
        let columns = projection
            .iter()
            .map(|column| engine.column(*column, position(&required, *column), rule, schema, &options))
            .collect::<Result<Vec<_>>>()?;
        let output = projection.iter().map(|column| schema.fields[*column].arrow()).collect::<Vec<_>>();
        let types = required.iter().map(|column| schema.fields[*column].data_type.arrow()).collect();
        let output = Arc::new(Schema::new(output));
        Ok(Self { table: table.to_owned(), engine, required, types, output, columns })
    }

    /// The columns that [`merge`](Self::merge) must be given, in this order: those of the projection and
    /// those that decide how it merges.
    pub fn required_columns(&self) -> &[usize] {
        &self.required
    }

    /// The schema of the merged rows.
    pub fn output_schema(&self) -> &SchemaRef {
        &self.output
    }

    /// Merges groups of versions.
    ///
    /// `rows` has the required columns of all versions, grouped by key, oldest to newest within a group;
    /// `kinds` has the kind of each row; group `g` is the rows `offsets[g]..offsets[g + 1]`.
    pub fn merge(
        &self,
        rows: &RecordBatch,
        kinds: &[i8],
        offsets: &[u32],
        retractions: Retractions,
    ) -> Result<Merged> {
        self.check_types(rows)?;
        let versions =
            Versions::try_new(rows.num_rows(), kinds, offsets).map_err(|fault| self.fault(fault))?;
        match &self.engine {
            Engine::Pick(pick) => {
                let chosen = pick.choose(&versions).map_err(|fault| self.fault(fault))?;
                self.gather(rows, &versions, &chosen, retractions)
            }
            Engine::PartialUpdate(rule) => {
                let plan = rule.plan(rows, &versions, |column| position(&self.required, column));
                let plan = plan.map_err(|fault| self.fault(fault))?;
                self.combine(rows, &versions, &plan, retractions)
            }
            Engine::Aggregation(rule) => self.combine(rows, &versions, &rule.plan(&versions), retractions),
        }
    }

    /// Takes one version of each group as it is.
    fn gather(
        &self,
        rows: &RecordBatch,
        versions: &Versions<'_>,
        chosen: &[Option<u32>],
        retractions: Retractions,
    ) -> Result<Merged> {
        let (mut groups, mut indices, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (group, row) in chosen.iter().enumerate() {
            let Some(row) = row else { continue };
            let kind = versions.kind(*row as usize);
            if retractions == Retractions::Keep || !is_retraction(kind) {
                groups.push(group as u32);
                indices.push(*row);
                kinds.push(kind);
            }
        }
        let indices = UInt32Array::from(indices);
        let columns = self.columns.iter().map(|column| take(rows.column(column.input), &indices, None));
        let columns =
            columns.collect::<Result<Vec<_>, ArrowError>>().map_err(|error| self.fault(error.into()))?;
        self.merged(columns, groups, kinds)
    }

    /// Folds each column of each group.
    fn combine(
        &self,
        rows: &RecordBatch,
        versions: &Versions<'_>,
        plan: &Plan,
        retractions: Retractions,
    ) -> Result<Merged> {
        let (mut groups, mut kinds) = (Vec::new(), Vec::new());
        for (group, kind) in plan.kinds.iter().enumerate() {
            let kept = retractions == Retractions::Keep || !is_retraction(*kind);
            if kept && !versions.group(group).is_empty() {
                groups.push(group as u32);
                kinds.push(*kind);
            }
        }
        let merge = |column: &MergedColumn| -> Result<ArrayRef> {
            let values = rows.column(column.input);
            let steps = &plan.steps[column.steps];
            let work = Work { versions: *versions, groups: &groups, steps };
            let place = || format!("column {} ({})", column.name, column.aggregator.name());
            self.check_nulls(column, values, steps).map_err(|fault| fault.at(&self.table, &place()))?;
            column.aggregator.merge(values, &work).map_err(|fault| fault.at(&self.table, &place()))
        };
        let columns = self.columns.iter().map(merge).collect::<Result<Vec<_>>>()?;
        self.merged(columns, groups, kinds)
    }

    fn merged(&self, columns: Vec<ArrayRef>, groups: Vec<u32>, kinds: Vec<i8>) -> Result<Merged> {
        let options = RecordBatchOptions::new().with_row_count(Some(groups.len()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.output), columns, &options);
        Ok(Merged { rows: rows.map_err(|error| self.fault(error.into()))?, groups, kinds })
    }

    /// Refuses nulls in a column declared NOT NULL where Java does.
    fn check_nulls(&self, column: &MergedColumn, values: &ArrayRef, steps: &Steps) -> Result<(), Fault> {
        let Some(nulls) = values.logical_nulls().filter(|_| !column.nullable) else { return Ok(()) };
        let checks_adds = matches!(&self.engine, Engine::PartialUpdate(rule) if rule.checks_nulls());
        let checked = |row: usize| match steps.of(row) {
            Step::Start | Step::StartRetract => true,
            Step::Add => checks_adds,
            _ => false,
        };
        match (0..values.len()).find(|row| nulls.is_null(*row) && checked(*row)) {
            Some(_) => Err(Fault::corrupt("a version has null where the column is NOT NULL")),
            None => Ok(()),
        }
    }

    fn check_types(&self, rows: &RecordBatch) -> Result<()> {
        let given = rows.columns().iter().map(|column| column.data_type());
        let same = rows.num_columns() == self.types.len()
            && given.zip(&self.types).all(|(given, wanted)| given.equals_datatype(wanted));
        if same {
            return Ok(());
        }
        let given = rows.columns().iter().map(|column| column.data_type().to_string()).collect::<Vec<_>>();
        let wanted = self.types.iter().map(DataType::to_string).collect::<Vec<_>>();
        Err(self.fault(Fault::refused(format!(
            "columns [{}] were given for [{}]",
            given.join(", "),
            wanted.join(", ")
        ))))
    }

    fn fault(&self, fault: Fault) -> Error {
        let engine = match &self.engine {
            Engine::Pick(Pick::Last { .. }) => MergeEngine::Deduplicate,
            Engine::Pick(Pick::First { .. }) => MergeEngine::FirstRow,
            Engine::PartialUpdate(_) => MergeEngine::PartialUpdate,
            Engine::Aggregation(_) => MergeEngine::Aggregation,
        };
        fault.at(&self.table, &format!("merge engine {}", engine.name()))
    }
}

impl Engine {
    fn required(&self, projection: &[usize]) -> Vec<usize> {
        let mut required: BTreeSet<usize> = projection.iter().copied().collect();
        if let Self::PartialUpdate(rule) = self {
            required.extend(rule.order_columns());
        }
        required.into_iter().collect()
    }

    fn column(
        &self,
        column: usize,
        input: usize,
        rule: &MergeRule,
        schema: &TableSchema,
        options: &Options<'_>,
    ) -> Result<MergedColumn> {
        let field = &schema.fields[column];
        let (aggregator, steps) = match self {
            // Not used: the chosen version's value is taken.
            Self::Pick(_) => (Aggregator::last_non_null_value(), 0),
            Self::PartialUpdate(rule) => rule.aggregator(column, schema, options)?,
            Self::Aggregation(_) => {
                let is_sequence = rule.sequence_fields.contains(&column);
                (Aggregation::aggregator(field, is_sequence, schema, options)?, 0)
            }
        };
        Ok(MergedColumn { name: field.name.clone(), nullable: field.nullable, input, aggregator, steps })
    }
}

/// The place of a column among those required, which have it.
fn position(required: &[usize], column: usize) -> usize {
    required.binary_search(&column).unwrap_or_default()
}
