//! Schema evolution: columns as files hold them, turned into columns as the table has them now.
//!
//! A file keeps the names and types of the schema that it was written with. A column is found in it
//! by field id, at every depth; one that the file lacks is NULL, one that metadata fixes is a
//! constant, and one whose type has changed is cast by the rules of the lake's own readers.
//!
//! - [`cast_array`] casts values; [`Conversion`] is the same, worked out once for each file.
//! - [`EvolvedColumn`] says where one column comes from, [`BatchEvolver`] does it for whole batches.
//! - [`EvolveExprAdapterFactory`] does it to the expressions of DataFusion's own Parquet source.

mod adapter;
mod batch;
mod calendar;
mod column;
mod constant;
mod conversion;
mod decimal;
mod error;
mod expr;
mod instant;
mod instant_text;
mod java_number;
mod leaf;
mod list_parts;
mod lookup;
mod parse;
mod represent;
mod text;
mod type_name;
mod uuid;

pub use adapter::{EvolveExprAdapterFactory, blocks_row_filter, check_file_ids};
pub use batch::BatchEvolver;
pub use column::EvolvedColumn;
pub use constant::datum_to_scalar;
pub use conversion::{Conversion, cast_array};
pub use error::{CastError, CastResult, Origin};
pub use expr::EvolveExpr;
pub use instant::DECIMAL_NANOS;
pub use java_number::{write_double, write_float};
pub use lookup::settled;
pub use type_name::TypeName;
