//! Sums, differences and products of integers that are out of range are errors; DataFusion's wrap.

use std::sync::Arc;

use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

use crate::error::{Error, ErrorKind};

/// Puts a checked operation in the place of one that wraps.
pub(super) fn arithmetic(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let unchanged = |binary| Ok(Transformed::no(Expr::BinaryExpr(binary)));
    if !matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Multiply) {
        return unchanged(binary);
    }
    let types = (binary.left.get_type(schema), binary.right.get_type(schema));
    match types {
        (Ok(left), Ok(right)) if left == right && left.is_integer() => {}
        _ => return unchanged(binary),
    }
    let func = Arc::new(ScalarUDF::from(Checked::new(binary.op)));
    let call = ScalarFunction { func, args: vec![*binary.left, *binary.right] };
    Ok(Transformed::yes(Expr::ScalarFunction(call)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    op: Operator,
    signature: Signature,
}

impl Checked {
    fn new(op: Operator) -> Self {
        Self { op, signature: Signature::any(2, Volatility::Immutable) }
    }

    fn failed(error: DataFusionError, data_type: &DataType) -> DataFusionError {
        let name = match data_type {
            DataType::Int8 | DataType::Int16 => "smallint",
            DataType::Int32 => "integer",
            _ => "bigint",
        };
        match error {
            DataFusionError::ArrowError(..) => {
                let error = Error::new(ErrorKind::NumericOutOfRange, format!("{name} out of range"));
                DataFusionError::External(Box::new(error))
            }
            other => other,
        }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.op {
            Operator::Plus => "add",
            Operator::Minus => "subtract",
            _ => "multiply",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types.first().cloned().unwrap_or(DataType::Int64))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        let data_type = args.arg_fields.first().map_or(DataType::Int64, |field| field.data_type().clone());
        Ok(Arc::new(Field::new(self.name(), data_type, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("arithmetic has two operands".to_owned()));
        };
        let kernel = match self.op {
            Operator::Plus => numeric::add,
            Operator::Minus => numeric::sub,
            _ => numeric::mul,
        };
        apply(left, right, kernel).map_err(|error| Self::failed(error, args.return_field.data_type()))
    }
}
