//! Expressions over the table's columns rewritten to expressions over a file's columns.
//!
//! DataFusion rewrites the projection and the predicate of each Parquet file through this. A column
//! that is the same in the file stays a plain column, so that the reader decodes no more than is
//! asked for and prunes by its statistics. A widening that keeps order is DataFusion's own cast, which
//! pruning looks through; every other change is an [`EvolveExpr`], which it does not.
//!
//! DataFusion evaluates a pushed predicate in the Parquet decoder only over columns that are no rows,
//! and silently drops it from the decoder otherwise. Access to a field of a row is therefore
//! rewritten as a whole, down to the file's own field; [`blocks_row_filter`] tells where that cannot
//! help and a predicate must not be pushed as exact.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::core::getfield::GetFieldFunc;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::scalar::ScalarValue;
use tarn_catalog::datum::Datum;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FileSchema;
use tarn_catalog::types::LogicalType;

use super::column::EvolvedColumn;
use super::conversion::Conversion;
use super::error::Origin;
use super::expr::EvolveExpr;
use super::lookup::{check_ids, find_field, settled};

/// Makes the adapters of all files that share a schema and constants.
#[derive(Debug, Clone)]
pub struct EvolveExprAdapterFactory {
    table_fields: Arc<[SchemaField]>,
    file: Arc<FileSchema>,
    constants: Arc<Vec<(i32, Datum)>>,
    origin: Origin,
}

impl EvolveExprAdapterFactory {
    /// `table_fields` are the columns that expressions name; `origin` is for errors.
    pub fn new(
        table_fields: impl Into<Arc<[SchemaField]>>,
        file: Arc<FileSchema>,
        constants: Arc<Vec<(i32, Datum)>>,
        origin: Origin,
    ) -> Self {
        Self { table_fields: table_fields.into(), file, constants, origin }
    }
}

impl PhysicalExprAdapterFactory for EvolveExprAdapterFactory {
    fn create(
        &self,
        _logical_file_schema: SchemaRef,
        physical_file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        check_file_ids(physical_file_schema.fields(), &self.file, &self.origin).map_err(external)?;
        let mut plan = self.clone();
        if let Cow::Owned(file) = settled(&self.file, physical_file_schema.fields()) {
            plan.file = Arc::new(file);
        }
        Ok(Arc::new(EvolveExprAdapter { plan, physical: physical_file_schema }))
    }
}

/// Rewrites expressions for one file.
#[derive(Debug)]
struct EvolveExprAdapter {
    plan: EvolveExprAdapterFactory,
    physical: SchemaRef,
}

impl PhysicalExprAdapter for EvolveExprAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform_down(|node| {
            let rewritten = match self.field_access(&node)? {
                Some(rewritten) => rewritten,
                None => match node.downcast_ref::<Column>() {
                    Some(column) => self.column(column)?,
                    None => return Ok(Transformed::no(node)),
                },
            };
            // What was put in speaks of the file's columns: not to be rewritten again.
            Ok(Transformed::new(rewritten, true, TreeNodeRecursion::Jump))
        })
        .data()
    }
}

impl EvolveExprAdapter {
    fn table_field(&self, name: &str) -> Option<&SchemaField> {
        self.plan.table_fields.iter().find(|field| field.name == name)
    }

    fn column(&self, column: &Column) -> Result<Arc<dyn PhysicalExpr>> {
        let Some(wanted) = self.table_field(column.name()) else {
            // Not a column of the table: one that the reader makes, or that only files have.
            return Ok(Arc::new(Column::new_with_schema(column.name(), &self.physical)?));
        };
        let planned = EvolvedColumn::plan(
            wanted,
            &self.plan.file,
            &self.plan.constants,
            self.physical.fields(),
            &self.plan.origin,
        )
        .map_err(external)?;
        match planned {
            EvolvedColumn::Missing(data_type) => null(&data_type),
            EvolvedColumn::Constant(value) => Ok(Arc::new(Literal::new(value))),
            EvolvedColumn::FromFile { place, conversion, .. } => {
                let stored = self.physical.field(place);
                let child = Arc::new(Column::new(stored.name(), place));
                Ok(self.convert(child, stored.data_type(), conversion, Arc::new(wanted.arrow())))
            }
        }
    }

    /// The child itself, a cast of DataFusion, or our own expression.
    fn convert(
        &self,
        child: Arc<dyn PhysicalExpr>,
        stored: &DataType,
        conversion: Conversion,
        field: FieldRef,
    ) -> Arc<dyn PhysicalExpr> {
        if conversion.keeps() {
            child
        } else if conversion.is_plain_widening(stored) {
            Arc::new(CastExpr::new_with_target_field(child, field, None))
        } else {
            Arc::new(EvolveExpr::new(child, conversion, field, self.plan.origin.clone()))
        }
    }

    /// Rewrites `row['a']['b']` to the file's field of the same id, without touching the whole row.
    /// `None` where the expression is no such access, or leads through something else than rows.
    fn field_access(&self, node: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let mut path = Vec::new();
        let Some(column) = access_path(node, &mut path) else { return Ok(None) };
        let Some(wanted) = self.table_field(column.name()) else { return Ok(None) };
        let is_constant = self.plan.constants.iter().any(|(id, _)| *id == wanted.id);
        let written = self.plan.file.field_by_id(wanted.id);
        let (Some(written), false) = (written, is_constant) else { return Ok(None) };
        let Some(place) = find_field(self.physical.fields(), written, self.plan.file.lookup) else {
            return Ok(None);
        };
        let stored = self.physical.field(place);
        let leaf = match self.resolve(stored.data_type(), written, wanted, &path) {
            Resolved::NoRow => return Ok(None),
            Resolved::Missing(data_type) => return null(&data_type).map(Some),
            Resolved::Leaf(leaf) => leaf,
        };
        let Some(function) = ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(node.as_ref()) else {
            return Ok(None);
        };
        let mut arguments: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(Column::new(stored.name(), place))];
        for name in &leaf.names {
            arguments.push(Arc::new(Literal::new(ScalarValue::Utf8(Some(name.clone())))));
        }
        let child = Arc::new(ScalarFunctionExpr::try_new(
            Arc::new(function.fun().clone()),
            arguments,
            &self.physical,
            Arc::new(function.config_options().clone()),
        )?);
        let lookup = self.plan.file.lookup;
        let (from, to) = (&leaf.written.data_type, &leaf.wanted.data_type);
        let conversion = Conversion::plan(&leaf.stored, from, to, lookup)
            .map_err(|error| external(self.plan.origin.error(&wanted.name, error)))?;
        // A row that is NULL makes its fields NULL.
        let field = Field::new(&leaf.wanted.name, to.arrow(), true);
        Ok(Some(self.convert(child, &leaf.stored, conversion, Arc::new(field))))
    }

    fn resolve(
        &self,
        stored: &DataType,
        written: &SchemaField,
        wanted: &SchemaField,
        path: &[String],
    ) -> Resolved {
        let mut at = Leaf {
            names: Vec::new(),
            stored: stored.clone(),
            written: written.clone(),
            wanted: wanted.clone(),
        };
        for name in path {
            let (
                DataType::Struct(stored),
                LogicalType::Row { fields: written },
                LogicalType::Row { fields: wanted },
            ) = (&at.stored, &at.written.data_type, &at.wanted.data_type)
            else {
                return Resolved::NoRow;
            };
            let Some(wanted) = wanted.iter().find(|field| field.name == *name) else {
                return Resolved::NoRow;
            };
            let written = written.iter().find(|field| field.id == wanted.id);
            let found = written.and_then(|field| {
                let place = find_field(stored, field, self.plan.file.lookup)?;
                Some((field, &stored[place]))
            });
            let Some((written, stored)) = found else {
                return leaf_type(wanted, path, at.names.len() + 1)
                    .map_or(Resolved::NoRow, |ty| Resolved::Missing(ty.arrow()));
            };
            let mut names = at.names;
            names.push(stored.name().clone());
            at = Leaf {
                names,
                stored: stored.data_type().clone(),
                written: written.clone(),
                wanted: wanted.clone(),
            };
        }
        Resolved::Leaf(at)
    }
}

/// Where a path into a row ends in a file.
#[expect(clippy::large_enum_variant, reason = "one at a time exists, while a path is looked up")]
enum Resolved {
    /// The path leads through a value that is no row.
    NoRow,
    /// The file has no such field; the table's type of it.
    Missing(DataType),
    Leaf(Leaf),
}

struct Leaf {
    /// The file's names along the path.
    names: Vec<String>,
    stored: DataType,
    written: SchemaField,
    wanted: SchemaField,
}

/// The table's type at the end of the path, `depth` steps of which lead to `field`.
fn leaf_type<'a>(field: &'a SchemaField, path: &[String], depth: usize) -> Option<&'a LogicalType> {
    path.get(depth..)?.iter().try_fold(&field.data_type, |ty, name| match ty {
        LogicalType::Row { fields } => {
            fields.iter().find(|field| field.name == *name).map(|field| &field.data_type)
        }
        _ => None,
    })
}

/// The column under `get_field(get_field(column, 'a'), 'b')`, and the names along the way.
fn access_path<'a>(node: &'a Arc<dyn PhysicalExpr>, path: &mut Vec<String>) -> Option<&'a Column> {
    let access = ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(node.as_ref())?;
    let (source, keys) = access.args().split_first()?;
    let column = match source.downcast_ref::<Column>() {
        Some(column) => column,
        None => access_path(source, path)?,
    };
    for key in keys {
        let key = key.downcast_ref::<Literal>()?.value();
        path.push(key.try_as_str().flatten()?.to_owned());
    }
    Some(column)
}

fn null(data_type: &DataType) -> Result<Arc<dyn PhysicalExpr>> {
    Ok(Arc::new(Literal::new(ScalarValue::try_from(data_type)?)))
}

/// Refuses a file of all these columns if it is not known which of the table's they are.
pub fn check_file_ids(physical: &Fields, file: &FileSchema, origin: &Origin) -> tarn_catalog::Result<()> {
    check_ids(physical, file.lookup).map_err(|error| origin.error_of_file(&error))
}

fn external(error: tarn_catalog::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Whether a predicate over this column, or over a field of it, may be lost when it is pushed into
/// the decoder of a file of this schema: the table holds a plain value where the file holds a nested
/// one. Such a predicate has to be evaluated after the scan.
pub fn blocks_row_filter(wanted: &SchemaField, file: &FileSchema) -> bool {
    file.field_by_id(wanted.id).is_some_and(|written| flattens(&written.data_type, &wanted.data_type))
}

fn flattens(written: &LogicalType, wanted: &LogicalType) -> bool {
    match (written, wanted) {
        (LogicalType::Row { fields: written }, LogicalType::Row { fields: wanted }) => {
            wanted.iter().any(|wanted| {
                let written = written.iter().find(|written| written.id == wanted.id);
                written.is_some_and(|written| flattens(&written.data_type, &wanted.data_type))
            })
        }
        _ => written.is_nested() && !wanted.is_nested(),
    }
}

#[cfg(test)]
mod tests;
