//! Decoders that panic on bad bytes, made to fail with an error.
//!
//! The decoders of Parquet and ORC are libraries that index into what they decode. A file that is
//! cut or overwritten must not take the process down with it.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::{FutureExt, StreamExt, stream};
use tarn_catalog::{Error, Result};

use super::BatchStream;

fn panicked(path: &str, payload: &(dyn Any + Send)) -> Error {
    let words = payload.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
    Error::corrupt(path, format!("its decoder gave up: {words}"))
}

/// Runs the opening of a file; a panic in it is an error.
pub(super) async fn catch_panics<T>(path: &str, opening: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(opening).catch_unwind().await {
        Ok(opened) => opened,
        Err(payload) => Err(panicked(path, payload.as_ref())),
    }
}

/// The batches of a file; after a panic comes an error and no more.
pub(super) fn catch_panics_of_stream(path: Arc<str>, batches: BatchStream) -> BatchStream {
    stream::unfold(Some(batches), move |batches| {
        let path = Arc::clone(&path);
        async move {
            let mut batches = batches?;
            match AssertUnwindSafe(batches.next()).catch_unwind().await {
                Ok(Some(Ok(batch))) => Some((Ok(batch), Some(batches))),
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(None) => None,
                Err(payload) => Some((Err(panicked(&path, payload.as_ref())), None)),
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_that_names_the_file() {
        let error =
            catch_panics::<()>("f.orc", async { panic!("index {} out of range", 7) }).await.unwrap_err();
        assert!(matches!(&error, Error::Corrupt { path, .. } if path == "f.orc"), "{error}");
        assert!(error.to_string().contains("index 7 out of range"), "{error}");

        let batches: BatchStream = stream::poll_fn(|_| panic!("at once")).boxed();
        let error =
            catch_panics_of_stream("f.orc".into(), batches).try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.to_string().contains("at once"), "{error}");
    }
}
