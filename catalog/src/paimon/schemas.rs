//! The schemas of a table on one branch.

use std::sync::Arc;

use crate::error::{Error, Result};

use super::layout::{SCHEMA_PREFIX, TableLayout};
use super::schema::PaimonSchema;
use crate::cache::Footprint;
use crate::files::MetadataFiles;

/// Finds schemas by id. The highest id is the current schema.
#[derive(Debug, Clone)]
pub struct Schemas {
    table: Arc<str>,
    files: MetadataFiles,
    layout: TableLayout,
}

impl Footprint for PaimonSchema {
    fn bytes(&self) -> u64 {
        // A column with its JSON, about.
        1024 + 512 * self.table.fields.len() as u64 + 128 * self.table.options.len() as u64
    }
}

impl Schemas {
    pub fn new(table: Arc<str>, files: MetadataFiles, layout: TableLayout) -> Self {
        Self { table, files, layout }
    }

    /// All schema ids, ascending.
    pub async fn ids(&self) -> Result<Vec<i64>> {
        self.files.numbers(&self.layout.schemas(), SCHEMA_PREFIX).await
    }

    pub async fn get(&self, id: i64) -> Result<Arc<PaimonSchema>> {
        let path = self.layout.schema(id);
        let parse = |path: &_, bytes: bytes::Bytes| {
            let schema = PaimonSchema::parse(&self.table, path, &bytes)?;
            match schema.id() == id {
                true => Ok(schema),
                false => Err(Error::corrupt(path.as_ref(), format!("it holds the id {}", schema.id()))),
            }
        };
        self.files.current(&path, parse).await
    }

    pub async fn latest(&self) -> Result<Option<Arc<PaimonSchema>>> {
        match self.ids().await?.pop() {
            Some(id) => self.get(id).await.map(Some),
            None => Ok(None),
        }
    }
}
