//! The logical node: an input, and subqueries that are computed for each of its rows.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, TableReference, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// What becomes of the rows of a subquery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The one value; NULL for no row, an error for several.
    Scalar,
    /// A list of the values, in the order of the rows.
    Array,
    /// Whether there is a row.
    Exists,
    /// Every row, beside the row of the input: the only subquery then.
    Rows,
}

/// A subquery of a dependent join.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd)]
pub(super) struct Dependent {
    /// A [`LogicalPlan::Subquery`], or one under an alias, whose outer references are to columns of
    /// the input or of queries further out.
    pub plan: LogicalPlan,
    pub kind: Kind,
    /// The column of the result; those of [`Kind::Rows`] have their own names.
    pub name: String,
    /// The columns of the input that it reads.
    pub reads: Vec<Column>,
    /// Where this is not true of a row of the input, nobody looks at the result.
    pub guard: Option<Expr>,
}

/// The rows of the input, with a column for each subquery behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DependentJoin {
    pub input: LogicalPlan,
    pub subqueries: Vec<Dependent>,
    pub schema: DFSchemaRef,
    /// Once optimized, subqueries are no inputs any more: they are planned when they run.
    pub sealed: bool,
}

impl DependentJoin {
    pub fn try_new(input: LogicalPlan, subqueries: Vec<Dependent>, sealed: bool) -> Result<Self> {
        let mut fields: Vec<(Option<TableReference>, FieldRef)> =
            input.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect();
        for subquery in &subqueries {
            fields.extend(columns(subquery)?);
        }
        let schema = Arc::new(DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?);
        Ok(Self { input, subqueries, schema, sealed })
    }

    pub fn sealed(&self) -> Self {
        Self { sealed: true, ..self.clone() }
    }
}

fn columns(subquery: &Dependent) -> Result<Vec<(Option<TableReference>, FieldRef)>> {
    let schema = subquery.plan.schema();
    let first = || match schema.fields().first() {
        Some(field) if schema.fields().len() == 1 => Ok(field),
        _ => internal_err!("a subquery in an expression has one column"),
    };
    let named = |data_type: DataType, field: &Field| {
        let metadata = field.metadata().clone();
        vec![(None, Arc::new(Field::new(&subquery.name, data_type, true).with_metadata(metadata)))]
    };
    Ok(match subquery.kind {
        Kind::Scalar => named(first()?.data_type().clone(), first()?),
        Kind::Array => {
            let item = first()?.as_ref().clone().with_name("item").with_nullable(true);
            vec![(None, Arc::new(Field::new(&subquery.name, DataType::List(Arc::new(item)), true)))]
        }
        Kind::Exists => vec![(None, Arc::new(Field::new(&subquery.name, DataType::Boolean, false)))],
        Kind::Rows => {
            schema.iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect()
        }
    })
}

impl PartialOrd for DependentJoin {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (&self.input, &self.subqueries).partial_cmp(&(&other.input, &other.subqueries))
    }
}

impl Hash for DependentJoin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.subqueries.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for DependentJoin {
    fn name(&self) -> &str {
        "DependentJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        let subqueries = self.subqueries.iter().filter(|_| !self.sealed).map(|subquery| &subquery.plan);
        std::iter::once(&self.input).chain(subqueries).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    /// The guards, and the columns that subqueries read, so that they are not pruned.
    fn expressions(&self) -> Vec<Expr> {
        let guards = self.subqueries.iter().filter_map(|subquery| subquery.guard.clone());
        let reads = self.subqueries.iter().flat_map(|subquery| &subquery.reads).cloned().map(Expr::Column);
        guards.chain(reads).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "DependentJoin: subqueries={}", self.subqueries.len())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (mut exprs, mut inputs) = (exprs.into_iter(), inputs.into_iter());
        let Some(input) = inputs.next() else { return internal_err!("a dependent join has an input") };
        let mut subqueries = self.subqueries.clone();
        for guard in subqueries.iter_mut().filter_map(|subquery| subquery.guard.as_mut()) {
            let Some(expr) = exprs.next() else { return internal_err!("a guard of a subquery is lost") };
            *guard = expr;
        }
        for (subquery, plan) in subqueries.iter_mut().zip(inputs) {
            subquery.plan = plan;
        }
        Self::try_new(input, subqueries, self.sealed)
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let own = self.input.schema().fields().len();
        let mut needed = vec![output.iter().copied().filter(|index| *index < own).collect()];
        if !self.sealed {
            let whole = |subquery: &Dependent| (0..subquery.plan.schema().fields().len()).collect();
            needed.extend(self.subqueries.iter().map(whole));
        }
        Some(needed)
    }
}
