//! The values of a statement's parameters.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;

use crate::error::{Error, ErrorKind, Result};

/// Puts the parameters' values into a plan, each cast to the type that the plan was made for.
pub(super) fn bind(
    plan: LogicalPlan,
    types: &[Option<DataType>],
    parameters: Vec<ScalarValue>,
) -> Result<LogicalPlan> {
    if parameters.len() < types.len() {
        let message =
            format!("the statement has {} parameters, {} were given", types.len(), parameters.len());
        return Err(Error::new(ErrorKind::InvalidParameter, message));
    }
    if types.is_empty() {
        return Ok(plan);
    }
    let values: Result<Vec<ScalarValue>> = parameters
        .into_iter()
        .enumerate()
        .map(|(index, value)| match types.get(index).and_then(Option::as_ref) {
            Some(wanted) if value.data_type() != *wanted => Ok(value.cast_to(wanted)?),
            _ => Ok(value),
        })
        .collect();
    Ok(plan.with_param_values(values?)?)
}
