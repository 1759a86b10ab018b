//! `pg_typeof`: the type of a value, which is known before the value is.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::pg::wire_type;
use crate::system_catalog::definitions::field;

pub(super) const NAME: &str = "pg_typeof";

pub(super) fn find(name: &str) -> Option<Arc<ScalarUDF>> {
    let function = || TypeOf { signature: Signature::any(1, Volatility::Stable) };
    (name == NAME).then(|| Arc::new(ScalarUDF::from(function())))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TypeOf {
    signature: Signature,
}

impl ScalarUDFImpl for TypeOf {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(field(NAME, "regtype").data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(field(NAME, "regtype")))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(argument) = args.arg_fields.first() else { return exec_err!("{NAME} takes a value") };
        let identifier = ScalarValue::UInt32(Some(wire_type(argument).oid()));
        Ok(ColumnarValue::Scalar(identifier.cast_to(args.return_field.data_type())?))
    }
}
