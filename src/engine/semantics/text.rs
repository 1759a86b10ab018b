//! Values cast to text as Postgres writes them: `2024-01-01 00:00:00` where DataFusion writes a `T`,
//! `1` where it writes `1.0`, `{1,2}` where it writes `[1, 2]`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, lit, when,
};

use crate::pg::encode::{Column, IntervalStyle, Style};
use crate::pg::wire_type;
use crate::settings::Zone;

/// Puts Postgres's output function in the place of a cast to text, for the types that print otherwise.
pub(super) fn as_text(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let to_text = matches!(cast.field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let differs = to_text && cast.expr.get_type(schema).is_ok_and(|source| prints_otherwise(&source));
    if !differs {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    let func = Arc::new(ScalarUDF::from(Text {
        target: cast.field.data_type().clone(),
        signature: Signature::any(1, Volatility::Stable),
    }));
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: vec![*cast.expr] })))
}

/// `concat` writes booleans as `t` and `f`.
pub(super) fn concatenated(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if !matches!(call.name(), "concat" | "concat_ws") {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let mut changed = false;
    let args = call.args.into_iter().map(|arg| match arg.get_type(schema) {
        Ok(DataType::Boolean) => {
            changed = true;
            when(arg.clone().is_true(), lit("t")).when(arg.is_false(), lit("f")).end()
        }
        _ => Ok(arg),
    });
    let args = args.collect::<Result<Vec<Expr>>>()?;
    let call = Expr::ScalarFunction(ScalarFunction { func: call.func, args });
    Ok(if changed { Transformed::yes(call) } else { Transformed::no(call) })
}

fn prints_otherwise(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(..)
        | DataType::Interval(_)
        | DataType::Duration(_)
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64 => true,
        DataType::Dictionary(_, values) => prints_otherwise(values),
        nested => nested.is_nested(),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Text {
    target: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for Text {
    fn name(&self) -> &str {
        "text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.target.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some(value), Some(field)) = (args.args.first(), args.arg_fields.first()) else {
            return Err(DataFusionError::Internal("a cast has one operand".to_owned()));
        };
        let style = style(&args.config_options);
        match value {
            ColumnarValue::Array(array) => {
                Ok(ColumnarValue::Array(cast(&texts(array, field, &style)?, &self.target)?))
            }
            ColumnarValue::Scalar(scalar) => {
                let text = texts(&scalar.to_array()?, field, &style)?;
                let text = ScalarValue::try_from_array(&text, 0)?.cast_to(&self.target)?;
                Ok(ColumnarValue::Scalar(text))
            }
        }
    }
}

fn style(options: &ConfigOptions) -> Style {
    let zone = Zone::of_engine(options.execution.time_zone.as_deref().unwrap_or("UTC"));
    Style { zone, extra_float_digits: 1, bytea_escape: false, interval: IntervalStyle::Postgres }
}

fn texts(array: &ArrayRef, field: &Field, style: &Style) -> Result<ArrayRef> {
    let failed = |error| DataFusionError::External(Box::new(crate::error::Error::from(error)));
    let column = Column::new(array, &wire_type(field)).map_err(failed)?;
    let mut texts = StringViewBuilder::with_capacity(array.len());
    let mut text = Vec::new();
    for row in 0..array.len() {
        if column.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        column.text(row, style, &mut text).map_err(failed)?;
        texts.append_value(String::from_utf8_lossy(&text));
    }
    Ok(Arc::new(texts.finish()))
}
