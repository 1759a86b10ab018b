//! Running a dependent join: its subqueries are planned and run for each distinct combination of the
//! values that they read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::{cast, concat, concat_batches, take_arrays};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Column, DataFusionError, Result, ScalarValue, internal_err};
use datafusion::execution::{SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr, PlanProperties,
    collect,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::bind::bind;
use super::node::{Dependent, DependentJoin, Kind};
use crate::error::{Error, ErrorKind};

/// Subqueries that run at once.
const AT_ONCE: usize = 8;

/// Results that are remembered for each subquery.
const REMEMBERED: usize = 65_536;

#[derive(Debug, Clone)]
pub(super) struct DependentExec {
    input: Arc<dyn ExecutionPlan>,
    subqueries: Arc<Vec<Planned>>,
    state: Arc<SessionState>,
    properties: Arc<PlanProperties>,
}

/// A subquery, and which columns of the input it reads.
#[derive(Debug)]
struct Planned {
    subquery: Dependent,
    reads: Vec<(Column, usize)>,
    /// Whether its result is looked at, if not for every row.
    guard: Option<Arc<dyn PhysicalExpr>>,
    /// The columns of its rows.
    columns: SchemaRef,
}

/// What a subquery gave: one value, or rows.
#[derive(Debug, Clone)]
enum Answer {
    Value(ScalarValue),
    Rows(RecordBatch),
}

type Key = Vec<ScalarValue>;

impl DependentExec {
    pub fn try_new(join: &DependentJoin, input: Arc<dyn ExecutionPlan>, state: SessionState) -> Result<Self> {
        let planned = join.subqueries.iter().map(|subquery| {
            let position = |column: &Column| match join.input.schema().maybe_index_of_column(column) {
                Some(index) => Ok((column.clone(), index)),
                None => internal_err!("a subquery reads {column}, which is not there"),
            };
            let reads = subquery.reads.iter().map(position).collect::<Result<Vec<_>>>()?;
            let guard = subquery.guard.as_ref();
            let guard = guard.map(|guard| state.create_physical_expr(guard.clone(), join.input.schema()));
            let columns = Arc::clone(subquery.plan.schema().inner());
            Ok(Planned { subquery: subquery.clone(), reads, guard: guard.transpose()?, columns })
        });
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(join.schema.inner())),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            subqueries: Arc::new(planned.collect::<Result<_>>()?),
            state: Arc::new(state),
            properties: Arc::new(properties),
            input,
        })
    }
}

impl DisplayAs for DependentExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "DependentExec: subqueries={}", self.subqueries.len())
    }
}

impl ExecutionPlan for DependentExec {
    fn name(&self) -> &str {
        "DependentExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else { return internal_err!("a dependent join has one input") };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(self.schema()),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Arc::new(Self { input: Arc::clone(input), properties: Arc::new(properties), ..(*self).clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let schema = self.schema();
        let answers: Vec<HashMap<Key, Answer>> = self.subqueries.iter().map(|_| HashMap::new()).collect();
        let start = (input, answers, self.clone());
        let joined = stream::try_unfold(start, |(mut input, mut answers, exec)| async move {
            let Some(batch) = input.try_next().await? else { return Ok(None) };
            let joined = exec.join(batch, &mut answers).await?;
            Ok(Some((joined, (input, answers, exec))))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, joined)))
    }
}

impl DependentExec {
    async fn join(&self, batch: RecordBatch, answers: &mut [HashMap<Key, Answer>]) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        let mut rows = batch.num_rows();
        for (planned, answers) in self.subqueries.iter().zip(answers) {
            let keys = keys(planned, &batch)?;
            let needed = needed(planned, &batch)?;
            let looked_at =
                |row: usize| needed.as_ref().is_none_or(|needed| needed.is_valid(row) && needed.value(row));
            let wanted: Vec<Key> = keys
                .iter()
                .enumerate()
                .filter(|(row, _)| looked_at(*row))
                .map(|(_, key)| key.clone())
                .collect();
            self.answer(planned, &wanted, answers).await?;
            let nothing = match planned.subquery.kind {
                Kind::Exists => Answer::Value(ScalarValue::Boolean(Some(false))),
                _ => Answer::Value(ScalarValue::Null),
            };
            let given = keys.iter().enumerate().map(|(row, key)| match looked_at(row) {
                true => answers.get(key).cloned(),
                false => Some(nothing.clone()),
            });
            let given: Vec<Answer> = given.collect::<Option<_>>().ok_or_else(lost)?;
            match planned.subquery.kind {
                Kind::Rows => {
                    (columns, rows) = beside(&columns, &given, &planned.columns)?;
                }
                _ => columns.push(values(&given, self.schema().field(columns.len()).data_type())?),
            }
            if answers.len() > REMEMBERED {
                answers.clear();
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }

    /// Sees to it that there is an answer for every key.
    async fn answer(
        &self,
        planned: &Planned,
        keys: &[Key],
        answers: &mut HashMap<Key, Answer>,
    ) -> Result<()> {
        let mut missing: Vec<Key> = Vec::new();
        for key in keys {
            if !answers.contains_key(key) && !missing.contains(key) {
                missing.push(key.clone());
            }
        }
        let found = stream::iter(missing).map(|key| self.run(planned, key)).buffered(AT_ONCE);
        let found: Vec<(Key, Answer)> = found.try_collect().await?;
        answers.extend(found);
        Ok(())
    }

    async fn run(&self, planned: &Planned, key: Key) -> Result<(Key, Answer)> {
        let columns = planned.reads.iter().map(|(column, _)| column.clone());
        let bound = bind(&planned.subquery.plan, &columns.zip(key.iter().cloned()).collect())?;
        let plan = self.state.optimize(&unwrapped(bound))?;
        let physical = self.state.query_planner().create_physical_plan(&plan, self.state.as_ref()).await?;
        let schema = physical.schema();
        let batches = collect(physical, self.state.task_ctx()).await?;
        let rows = concat_batches(&schema, &batches)?;
        let answer = match planned.subquery.kind {
            Kind::Rows => Answer::Rows(RecordBatch::try_new_with_options(
                Arc::clone(&planned.columns),
                rows.columns().to_vec(),
                &RecordBatchOptions::new().with_row_count(Some(rows.num_rows())),
            )?),
            Kind::Exists => Answer::Value(ScalarValue::Boolean(Some(rows.num_rows() > 0))),
            Kind::Scalar if rows.num_rows() > 1 => return Err(too_many()),
            Kind::Scalar if rows.num_rows() == 0 => {
                Answer::Value(ScalarValue::try_from(planned.columns.field(0).data_type())?)
            }
            Kind::Scalar => Answer::Value(ScalarValue::try_from_array(rows.column(0), 0)?),
            Kind::Array => {
                let item = planned.columns.field(0).clone().with_name("item").with_nullable(true);
                let list = SingleRowListArrayBuilder::new(Arc::clone(rows.column(0)));
                Answer::Value(list.with_field(&item).build_list_scalar())
            }
        };
        Ok((key, answer))
    }
}

fn lost() -> DataFusionError {
    DataFusionError::Internal("a subquery has no answer".to_owned())
}

fn too_many() -> DataFusionError {
    let message = "more than one row returned by a subquery used as an expression";
    DataFusionError::External(Box::new(Error::new(ErrorKind::CardinalityViolation, message)))
}

/// The plan within the node that marks it as a subquery. Its alias is of no matter any more.
fn unwrapped(plan: LogicalPlan) -> LogicalPlan {
    match plan {
        LogicalPlan::Subquery(subquery) => Arc::unwrap_or_clone(subquery.subquery),
        LogicalPlan::SubqueryAlias(alias) => unwrapped(Arc::unwrap_or_clone(alias.input)),
        other => other,
    }
}

/// For which rows a subquery's result is looked at: where this is true. `None` is for all.
fn needed(planned: &Planned, batch: &RecordBatch) -> Result<Option<BooleanArray>> {
    let Some(guard) = &planned.guard else { return Ok(None) };
    let values = guard.evaluate(batch)?.into_array(batch.num_rows())?;
    Ok(Some(as_boolean_array(&values)?.clone()))
}

fn keys(planned: &Planned, batch: &RecordBatch) -> Result<Vec<Key>> {
    let key = |row: usize| {
        let values =
            planned.reads.iter().map(|(_, index)| ScalarValue::try_from_array(batch.column(*index), row));
        values.collect::<Result<Key>>()
    };
    (0..batch.num_rows()).map(key).collect()
}

/// A column of one value for each row.
fn values(given: &[Answer], data_type: &DataType) -> Result<ArrayRef> {
    if given.is_empty() {
        return Ok(datafusion::arrow::array::new_empty_array(data_type));
    }
    let scalars = given.iter().map(|answer| match answer {
        Answer::Value(value) => value.cast_to(data_type),
        Answer::Rows(_) => internal_err!("a subquery gave rows for a value"),
    });
    let array = ScalarValue::iter_to_array(scalars.collect::<Result<Vec<_>>>()?)?;
    // Scalars forget what the items of a list are called.
    Ok(cast(&array, data_type)?)
}

/// Each row of the input beside each row that it was given.
fn beside(columns: &[ArrayRef], given: &[Answer], schema: &SchemaRef) -> Result<(Vec<ArrayRef>, usize)> {
    let mut batches = Vec::new();
    let mut indices = Vec::new();
    for (row, answer) in given.iter().enumerate() {
        let Answer::Rows(rows) = answer else { return internal_err!("a subquery gave a value for rows") };
        let row = u32::try_from(row).map_err(|error| DataFusionError::External(Box::new(error)))?;
        indices.extend(std::iter::repeat_n(row, rows.num_rows()));
        batches.push(rows);
    }
    let own = take_arrays(columns, &UInt32Array::from_iter_values(indices.iter().copied()), None)?;
    let theirs = (0..schema.fields().len()).map(|at| {
        let parts: Vec<_> = batches.iter().map(|rows| rows.column(at).as_ref()).collect();
        match parts.as_slice() {
            [] => Ok(datafusion::arrow::array::new_empty_array(schema.field(at).data_type())),
            parts => Ok(concat(parts)?),
        }
    });
    let theirs = theirs.collect::<Result<Vec<ArrayRef>>>()?;
    Ok((own.into_iter().chain(theirs).collect(), indices.len()))
}
