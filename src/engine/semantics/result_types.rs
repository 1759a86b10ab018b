//! Results have the types that they have in Postgres where Arrow's types do not say them: a literal is
//! `integer` where DataFusion makes all of them 64 bits wide, ranks are `bigint` where DataFusion counts
//! without a sign, a column of a table is `varchar(20)`, a number that was computed is `numeric` without
//! precision (`exprType` and `exprTypmod` in `nodeFuncs.c`).
//!
//! The work is done at DataFusion's width. Integers are cast at the very end, and a value that does not
//! fit is the error that it is in Postgres; of the other types only the client is told.

mod expression;
mod scan;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Unnest,
};

pub(super) use expression::Input;
pub(in crate::engine) use expression::{Integers, is_integer};

use crate::pg::types::{TYPE_KEY, TYPMOD_KEY};

/// What Postgres says of the type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PgType {
    /// What stands for the Arrow type, without a modifier.
    OfArrow,
    /// No wider than `integer`, or an array of those.
    Integer,
    /// A type by its name in `pg_type`, and its modifier.
    Named(String, i32),
    /// A literal that has the type of what it stands beside.
    Open,
}

/// The types of a result's columns, for those who are told of them.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Announced(Vec<PgType>);

impl Announced {
    /// The fields of a result with these types.
    pub fn fields(&self, schema: &Schema) -> Fields {
        let fields = schema.fields().iter().enumerate().map(|(at, field)| match self.0.get(at) {
            Some(announced) => announced.told_by(field),
            None => Arc::clone(field),
        });
        fields.collect()
    }
}

impl PgType {
    fn told_by(&self, field: &FieldRef) -> FieldRef {
        let mut metadata = field.metadata().clone();
        metadata.remove(TYPE_KEY);
        let typmod = match self {
            Self::Named(name, typmod) => {
                metadata.insert(TYPE_KEY.to_owned(), name.clone());
                *typmod
            }
            _ => -1,
        };
        metadata.insert(TYPMOD_KEY.to_owned(), typmod.to_string());
        Arc::new(field.as_ref().clone().with_metadata(metadata))
    }

    /// What a field says by itself.
    fn of_field(field: &Field) -> Self {
        let said = |key: &str| field.metadata().get(key);
        if let Some(name) = said(TYPE_KEY).filter(|name| !name.is_empty()) {
            let typmod = said(TYPMOD_KEY).and_then(|typmod| typmod.parse().ok());
            return Self::Named(name.clone(), typmod.unwrap_or(-1));
        }
        match field.data_type() {
            DataType::Int8 | DataType::Int16 | DataType::Int32 => Self::Integer,
            DataType::List(item) => Self::of_field(item).array(),
            _ => Self::OfArrow,
        }
    }

    /// The type of an array of these.
    fn array(self) -> Self {
        match self {
            Self::Named(name, typmod) if !name.starts_with('_') => Self::Named(format!("_{name}"), typmod),
            Self::Integer => Self::Integer,
            _ => Self::OfArrow,
        }
    }

    /// The type of an element of such an array.
    fn element(self) -> Self {
        match self {
            Self::Named(name, _) if name == "int2vector" => Self::Integer,
            Self::Named(name, _) if name == "oidvector" => Self::Named("oid".to_owned(), -1),
            Self::Named(name, typmod) => match name.strip_prefix('_') {
                Some(element) => Self::Named(element.to_owned(), typmod),
                None => Self::OfArrow,
            },
            other => other,
        }
    }

    /// The type as a function gives it, whose results have no modifier.
    fn computed(self) -> Self {
        match self {
            Self::Named(name, _) => Self::Named(name, -1),
            other => other,
        }
    }

    fn closed(self) -> Self {
        if self == Self::Open { Self::OfArrow } else { self }
    }

    /// The type that alternatives have together.
    fn together(types: impl Iterator<Item = Self>) -> Self {
        types.fold(Self::Open, |all, one| match (all, one) {
            (Self::Open, one) => one,
            (all, Self::Open) => all,
            (Self::Named(oid, _), Self::Integer) | (Self::Integer, Self::Named(oid, _)) if oid == "oid" => {
                Self::Named(oid, -1)
            }
            (Self::Named(a, m), Self::Named(b, n)) if a == b => Self::Named(a, if m == n { m } else { -1 }),
            (all, one) if all == one => all,
            _ => Self::OfArrow,
        })
    }
}

/// The types of the columns of a plan that is left as it is.
pub(in crate::engine) fn announce(plan: &LogicalPlan) -> Announced {
    Announced(columns(plan).into_iter().map(PgType::closed).collect())
}

/// The plan with its results cast, and their types. Types must not have been coerced yet: coercion's
/// casts look like those that were written.
pub(super) fn as_announced(plan: LogicalPlan) -> Result<(LogicalPlan, Announced)> {
    let told = announce(&plan);
    let types: Vec<(DataType, DataType)> = plan
        .schema()
        .fields()
        .iter()
        .zip(&told.0)
        .map(|(field, told)| (field.data_type().clone(), announced(field.data_type(), told)))
        .collect();
    if types.iter().all(|(is, wanted)| is == wanted) {
        return Ok((plan, told));
    }
    let exprs = plan.schema().columns().into_iter().zip(types).map(|(column, (is, wanted))| {
        let (relation, name) = (column.relation.clone(), column.name.clone());
        match is == wanted {
            true => Expr::Column(column),
            false => {
                Expr::Cast(Cast::new(Box::new(Expr::Column(column)), wanted)).alias_qualified(relation, name)
            }
        }
    });
    let exprs: Vec<Expr> = exprs.collect();
    Ok((LogicalPlanBuilder::from(plan).project(exprs)?.build()?, told))
}

fn announced(data_type: &DataType, told: &PgType) -> DataType {
    match data_type {
        DataType::UInt64 | DataType::Int64 if *told == PgType::Integer => DataType::Int32,
        DataType::UInt64 => DataType::Int64,
        DataType::List(item) if *told == PgType::Integer => {
            let item_type = announced(item.data_type(), told);
            let item: FieldRef = Arc::new(Field::new(item.name(), item_type, item.is_nullable()));
            DataType::List(item)
        }
        other => other.clone(),
    }
}

/// The types of a plan's columns in Postgres.
fn columns(plan: &LogicalPlan) -> Vec<PgType> {
    let types = match plan {
        LogicalPlan::Projection(projection) => Input::of(&projection.input).types(projection.expr.iter()),
        LogicalPlan::Values(values) => {
            let input = Input::nothing(&values.schema);
            let column = |at| values.values.iter().filter_map(move |row| row.get(at));
            (0..values.schema.fields().len())
                .map(|at| PgType::together(column(at).map(|expr| of_value(&input, expr))))
                .collect()
        }
        LogicalPlan::Filter(filter) => columns(&filter.input),
        LogicalPlan::Sort(sort) => columns(&sort.input),
        LogicalPlan::Limit(limit) => columns(&limit.input),
        LogicalPlan::SubqueryAlias(alias) => columns(&alias.input).into_iter().map(PgType::closed).collect(),
        LogicalPlan::Distinct(Distinct::All(input)) => columns(input),
        LogicalPlan::Distinct(Distinct::On(on)) => Input::of(&on.input).types(on.select_expr.iter()),
        LogicalPlan::Union(union) => together(union.inputs.iter().map(|input| columns(input))),
        LogicalPlan::RecursiveQuery(recursive) => columns(&recursive.static_term),
        LogicalPlan::Aggregate(aggregate) => aggregated(aggregate),
        LogicalPlan::Join(Join { left, right, join_type, .. }) => match join_type {
            JoinType::LeftSemi | JoinType::LeftAnti => columns(left),
            JoinType::RightSemi | JoinType::RightAnti => columns(right),
            _ => [columns(left), columns(right)].concat(),
        },
        LogicalPlan::Subquery(subquery) => columns(&subquery.subquery),
        LogicalPlan::Window(window) => {
            let input = Input::of(&window.input);
            let own = input.types(window.window_expr.iter());
            [input.into_types(), own].concat()
        }
        LogicalPlan::Unnest(unnest) => unnested(unnest),
        LogicalPlan::TableScan(scan) => scan::columns(scan),
        _ => vec![],
    };
    let count = plan.schema().fields().len();
    if types.len() == count { types } else { vec![PgType::OfArrow; count] }
}

/// The type of a value of VALUES. Literals among them that have no type were cast by DataFusion.
fn of_value(input: &Input<'_>, expr: &Expr) -> PgType {
    match expr {
        Expr::Cast(cast) if cast.field.metadata().is_empty() && cast.field.data_type().is_string() => {
            match &*cast.expr {
                Expr::Literal(ScalarValue::Utf8(_), _) => PgType::Open,
                _ => input.type_of(expr),
            }
        }
        _ => input.type_of(expr),
    }
}

fn aggregated(aggregate: &Aggregate) -> Vec<PgType> {
    let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
    let input = Input::of(input);
    let mut types = match group_expr.as_slice() {
        // A column that numbers the sets stands behind those of the sets.
        [Expr::GroupingSet(sets)] => {
            let mut types = input.types(sets.distinct_expr().into_iter());
            types.push(PgType::OfArrow);
            types
        }
        exprs => input.types(exprs.iter()),
    };
    types.extend(input.types(aggr_expr.iter()));
    types
}

fn together(inputs: impl Iterator<Item = Vec<PgType>>) -> Vec<PgType> {
    let both = |all: Vec<PgType>, one: Vec<PgType>| {
        all.into_iter().zip(one).map(|(a, b)| PgType::together([a, b].into_iter())).collect()
    };
    inputs.reduce(both).unwrap_or_default()
}

fn unnested(unnest: &Unnest) -> Vec<PgType> {
    let input = columns(&unnest.input);
    let is_list = |at: &usize| unnest.list_type_columns.iter().any(|(list, _)| list == at);
    let types = unnest.dependency_indices.iter().map(|at| match input.get(*at).cloned() {
        Some(list) if is_list(at) => list.element(),
        Some(other) if !unnest.struct_type_columns.contains(at) => other,
        _ => PgType::OfArrow,
    });
    types.collect()
}
