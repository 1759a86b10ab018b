//! The functions that plans are given: they narrow and widen.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion::scalar::ScalarValue;

use super::array::{narrow, widen};
use super::is_wide;

/// `expr`, which is or holds wide timestamps, as another type has them.
pub(super) fn narrowed(expr: Expr, to: DataType) -> Expr {
    call(expr, to)
}

/// Timestamps of any unit as wide ones.
pub(super) fn widened(expr: Expr, wide: DataType) -> Expr {
    call(expr, wide)
}

fn call(expr: Expr, to: DataType) -> Expr {
    let func = Arc::new(ScalarUDF::from(Resize::new(to)));
    Expr::ScalarFunction(ScalarFunction { func, args: vec![expr] })
}

/// A scan whose wide columns, where `schema` has them narrow, are narrowed.
pub(crate) fn narrowed_scan(
    scan: Arc<dyn ExecutionPlan>,
    schema: &SchemaRef,
    config: &Arc<ConfigOptions>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let given = scan.schema();
    let differs = given.fields().iter().zip(schema.fields()).any(|(a, b)| a.data_type() != b.data_type());
    if !differs {
        return Ok(scan);
    }
    let columns = given.fields().iter().zip(schema.fields()).enumerate();
    let exprs = columns.map(|(index, (given_field, wanted))| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(given_field.name(), index));
        if given_field.data_type() == wanted.data_type() {
            return Ok((column, wanted.name().clone()));
        }
        let func = Arc::new(ScalarUDF::from(Resize::new(wanted.data_type().clone())));
        let call = ScalarFunctionExpr::try_new(func, vec![column], &given, Arc::clone(config))?;
        Ok((Arc::new(call) as Arc<dyn PhysicalExpr>, wanted.name().clone()))
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(exprs, scan)?))
}

/// Timestamps in another number of bits.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Resize {
    to: DataType,
    signature: Signature,
}

impl Resize {
    fn new(to: DataType) -> Self {
        Self { to, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Resize {
    fn name(&self) -> &str {
        if is_wide(&self.to) { "widen" } else { "narrow" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.to.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let convert = if is_wide(&self.to) { widen } else { narrow };
        match args.args.as_slice() {
            [ColumnarValue::Array(array)] => Ok(ColumnarValue::Array(convert(array, &self.to)?)),
            [ColumnarValue::Scalar(value)] => {
                let converted = convert(&value.to_array()?, &self.to)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&converted, 0)?))
            }
            _ => internal_err!("{} takes one value", self.name()),
        }
    }
}
