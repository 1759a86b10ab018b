//! A function around a value of VALUES that hides what the value says of its type while it is planned.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::sql::PLAIN_VALUE;

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(PlainValue { signature: Signature::any(1, Volatility::Immutable) }))
});

/// The function, if this is its name.
pub(in crate::engine) fn plain_value(name: &str) -> Option<Arc<ScalarUDF>> {
    (name == PLAIN_VALUE).then(|| Arc::clone(&FUNCTION))
}

/// The value alone.
pub(super) fn bare(call: ScalarFunction) -> Transformed<Expr> {
    if call.name() != PLAIN_VALUE {
        return Transformed::no(Expr::ScalarFunction(call));
    }
    let ScalarFunction { func, args } = call;
    match <[Expr; 1]>::try_from(args) {
        Ok([value]) => Transformed::yes(value),
        Err(args) => Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PlainValue {
    signature: Signature,
}

impl ScalarUDFImpl for PlainValue {
    fn name(&self) -> &str {
        PLAIN_VALUE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [data_type] => Ok(data_type.clone()),
            _ => plan_err!("a plain value is one"),
        }
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("a plain value was left as it was".to_owned()))
    }
}
