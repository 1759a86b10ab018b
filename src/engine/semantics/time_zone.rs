//! `AT TIME ZONE`: what clocks there show at an instant, or the instant at which they show a time. In
//! DataFusion both are instants.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use crate::error::{Error, ErrorKind};
use crate::sql::TIME_ZONE;

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(TimeZone { signature: Signature::any(2, Volatility::Immutable) }))
});

/// The function, if this is its name.
pub(in crate::engine) fn time_zone(name: &str) -> Option<Arc<ScalarUDF>> {
    (name == TIME_ZONE).then(|| Arc::clone(&FUNCTION))
}

/// Says what the function means for the type of its argument.
pub(super) fn settle(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if call.name() != TIME_ZONE {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let [zone, time] = call.args.as_slice() else { return Err(constant_only()) };
    let zone = match zone {
        Expr::Literal(value, _) => zone_of(value)?,
        _ => return Err(constant_only()),
    };
    let there = DataType::Timestamp(TimeUnit::Microsecond, Some(zone));
    let clock = DataType::Timestamp(TimeUnit::Microsecond, None);
    let cast = |expr: Expr, data_type| Expr::Cast(Cast::new(Box::new(expr), data_type));
    Ok(Transformed::yes(match time.get_type(schema)? {
        DataType::Timestamp(_, Some(_)) => {
            let args = vec![cast(time.clone(), there)];
            Expr::ScalarFunction(ScalarFunction { func: to_local_time(), args })
        }
        _ => cast(cast(time.clone(), clock), there),
    }))
}

/// A zone as Arrow knows it.
fn zone_of(value: &ScalarValue) -> Result<Arc<str>> {
    let name = value.try_as_str().flatten().ok_or_else(constant_only)?;
    match name.parse::<Tz>() {
        Ok(_) => Ok(name.into()),
        Err(_) => {
            let message = format!("time zone \"{name}\" not recognized");
            Err(DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidParameter, message))))
        }
    }
}

fn constant_only() -> DataFusionError {
    let error = Error::new(ErrorKind::Unsupported, "AT TIME ZONE takes the name of a zone as a constant");
    DataFusionError::External(Box::new(error))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeZone {
    signature: Signature,
}

impl ScalarUDFImpl for TimeZone {
    fn name(&self) -> &str {
        TIME_ZONE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal("the type of a time elsewhere follows from its zone".to_owned()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let (Some(Some(zone)), Some(time)) = (args.scalar_arguments.first(), args.arg_fields.get(1)) else {
            return Err(constant_only());
        };
        let zone = match time.data_type() {
            DataType::Timestamp(_, Some(_)) => None,
            _ => Some(zone_of(zone)?),
        };
        Ok(Arc::new(Field::new(TIME_ZONE, DataType::Timestamp(TimeUnit::Microsecond, zone), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("AT TIME ZONE was left as it was written".to_owned()))
    }
}
