//! Functions under the names that other engines have for them.

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::SessionState;

use crate::error::Result;

/// Names of DataFusion's functions, and what else they are called: as in DuckDB, for vectors.
const ALIASES: [(&str, &[&str]); 2] = [
    (
        "inner_product",
        &["list_inner_product", "list_dot_product", "array_inner_product", "array_dot_product"],
    ),
    ("cosine_distance", &["list_cosine_distance", "array_cosine_distance"]),
];

/// Adds the other names to what a session knows.
pub(super) fn register_aliases(state: &mut SessionState) -> Result<()> {
    for (name, aliases) in ALIASES {
        let function = state.udf(name)?;
        let renamed = function.as_ref().clone().with_aliases(aliases.iter().copied());
        state.register_udf(Arc::new(renamed))?;
    }
    Ok(())
}
