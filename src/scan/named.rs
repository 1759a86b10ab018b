//! Errors of DataFusion's Parquet source, which do not say where: they get the file and the table.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use futures::StreamExt;
use futures::stream::BoxStream;
use parquet::errors::ParquetError;
use tarn_catalog::Error;
use tarn_catalog::split::DataFile;

use super::reader::parquet_error;
use super::wrap::Wrapper;

/// Names a file and its table in the errors of reading it.
#[derive(Clone)]
pub struct NamedFile {
    place: Arc<str>,
}

impl NamedFile {
    pub fn new(file: &DataFile, table: &str) -> Self {
        Self { place: format!("{} of table {table}", file.path).into() }
    }
}

impl Wrapper for NamedFile {
    fn wrap(
        self,
        batches: BoxStream<'static, Result<RecordBatch>>,
    ) -> BoxStream<'static, Result<RecordBatch>> {
        batches.map(move |batch| batch.map_err(|error| named(&self.place, error))).boxed()
    }

    fn planning_failed(&self, error: DataFusionError) -> DataFusionError {
        named(&self.place, error)
    }
}

/// Names the place in an error of the store or the decoder. All others pass: they are our own, say that
/// memory or time ran out, or come from the query's expressions, which the source evaluates too.
fn named(place: &str, error: DataFusionError) -> DataFusionError {
    let error = match error {
        DataFusionError::Context(context, inner) => {
            return DataFusionError::Context(context, Box::new(named(place, *inner)));
        }
        DataFusionError::ParquetError(inner) if !is_of_filter(&inner) => parquet_error(place, *inner),
        DataFusionError::ObjectStore(inner) => Error::storage(place, *inner),
        DataFusionError::ArrowError(inner, backtrace) => match *inner {
            ArrowError::ParquetError(reason) => Error::corrupt(place, reason),
            inner => return DataFusionError::ArrowError(Box::new(inner), backtrace),
        },
        error => return error,
    };
    DataFusionError::External(Box::new(error))
}

/// Whether a filter failed that the decoder evaluates: DataFusion makes that a compute error, and the
/// decoder never gives one of its own.
fn is_of_filter(error: &ParquetError) -> bool {
    let ParquetError::External(cause) = error else { return false };
    matches!(cause.downcast_ref(), Some(ArrowError::ComputeError(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const PLACE: &str = "t/bucket-0/data-1.parquet of table db.t";

    fn parquet(error: ParquetError) -> DataFusionError {
        DataFusionError::ParquetError(Box::new(error))
    }

    fn arrow(error: ArrowError) -> DataFusionError {
        DataFusionError::ArrowError(Box::new(error), None)
    }

    #[test]
    fn errors_of_the_decoder_and_the_store_name_the_file_and_the_table() {
        let missing = || object_store::Error::NotFound { path: "p".to_owned(), source: "gone".into() };
        let errors = [
            parquet(ParquetError::EOF("no more bytes".to_owned())),
            parquet(ParquetError::External("Unknown frame descriptor".into())),
            parquet(ArrowError::ParquetError("in a filter's column".to_owned()).into()),
            parquet(ParquetError::External(Box::new(missing()))),
            arrow(ArrowError::ParquetError("Unknown frame descriptor".to_owned())),
            DataFusionError::ObjectStore(Box::new(missing())),
            arrow(ArrowError::ParquetError("inside".to_owned())).context("while reading"),
        ];
        for error in errors {
            let named = crate::Error::from(named(PLACE, error));
            assert!(named.message.contains(PLACE), "{named:?}");
        }
    }

    #[test]
    fn a_store_that_failed_is_no_damaged_file() {
        let denied = object_store::Error::NotFound { path: "p".to_owned(), source: "gone".into() };
        let failed = crate::Error::from(named(PLACE, parquet(ParquetError::External(Box::new(denied)))));
        assert_eq!(failed.kind, ErrorKind::Storage);
        let damaged = crate::Error::from(named(PLACE, parquet(ParquetError::General("bad".to_owned()))));
        assert_eq!(damaged.kind, ErrorKind::CorruptLake);
    }

    #[test]
    fn errors_of_queries_and_limits_and_our_own_pass_unchanged() {
        let errors = || {
            [
                DataFusionError::External(Box::new(Error::invalid("ours"))),
                DataFusionError::ResourcesExhausted("no memory".to_owned()),
                DataFusionError::Execution("a function refused".to_owned()),
                arrow(ArrowError::DivideByZero),
                arrow(ArrowError::CastError("no number".to_owned())),
                parquet(ArrowError::ComputeError("Error evaluating filter predicate".to_owned()).into()),
            ]
        };
        for (before, after) in errors().into_iter().zip(errors()) {
            assert_eq!(named(PLACE, after).to_string(), before.to_string());
        }
    }
}
