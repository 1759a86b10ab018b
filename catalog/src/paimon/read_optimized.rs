//! `t$ro`: of a primary-key table only the files of the top level, which no merge has to touch.
//!
//! Fresh rows are missing until a full compaction brings them there. An append table reads as it is.
//! (paimon-format section 15)

use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;

use crate::error::Result;
use crate::table::{Table, TableVersion};
use crate::version::ReadOptions;

use super::table::PaimonTable;

/// The name after the `$`.
pub const READ_OPTIMIZED: &str = "ro";

/// A table, read from its top level alone.
#[derive(Debug)]
pub struct ReadOptimizedTable(PaimonTable);

impl ReadOptimizedTable {
    pub fn new(table: PaimonTable) -> Self {
        Self(table)
    }
}

#[async_trait]
impl Table for ReadOptimizedTable {
    fn name(&self) -> &str {
        self.0.label()
    }

    fn format(&self) -> &'static str {
        self.0.format()
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        self.0.store()
    }

    async fn at(&self, read: &ReadOptions) -> Result<Arc<dyn TableVersion>> {
        Ok(Arc::new(self.0.version(read).await?.of_top_level()?))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
