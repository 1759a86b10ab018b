//! A schema change as an expression over a file's column.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use super::conversion::Conversion;
use super::error::Origin;

/// Converts its child, a column of a file, to a column of the table.
///
/// Nothing that prunes by statistics looks through it, so it may change values and their order at
/// will. Changes that keep both are DataFusion's own casts instead.
#[derive(Debug, Clone)]
pub struct EvolveExpr {
    child: Arc<dyn PhysicalExpr>,
    conversion: Conversion,
    field: FieldRef,
    origin: Origin,
}

impl EvolveExpr {
    /// `field` is the table's column, or the field of its row, that comes out.
    pub fn new(
        child: Arc<dyn PhysicalExpr>,
        conversion: Conversion,
        field: FieldRef,
        origin: Origin,
    ) -> Self {
        Self { child, conversion, field, origin }
    }
}

impl PartialEq for EvolveExpr {
    fn eq(&self, other: &Self) -> bool {
        self.child.eq(&other.child) && self.conversion == other.conversion && self.field == other.field
    }
}

impl Eq for EvolveExpr {}

impl Hash for EvolveExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.child.hash(state);
        self.conversion.hash(state);
        self.field.hash(state);
    }
}

impl fmt::Display for EvolveExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evolve({} AS {})", self.child, self.field.data_type())
    }
}

impl PhysicalExpr for EvolveExpr {
    fn data_type(&self, _input_schema: &Schema) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn nullable(&self, _input_schema: &Schema) -> Result<bool> {
        Ok(self.field.is_nullable())
    }

    fn return_field(&self, _input_schema: &Schema) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.child.evaluate(batch)?.into_array(batch.num_rows())?;
        let array = self.conversion.apply(&array).map_err(|error| {
            DataFusionError::External(Box::new(self.origin.error(self.field.name(), error)))
        })?;
        Ok(ColumnarValue::Array(array))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.child]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let [child] = <[_; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("a schema change has one child".to_owned()))?;
        Ok(Arc::new(Self { child, ..Self::clone(&self) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
