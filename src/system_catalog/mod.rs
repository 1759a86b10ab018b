//! The system catalog: `pg_catalog` and `information_schema`, from which clients learn what there is,
//! as PostgreSQL 15 has them.
//!
//! - `definitions`, `stored`: relations and rows that every database has, from files that
//!   `data/make.sh` takes from PostgreSQL.
//! - `view`: the names of the lake and the tables that one statement opens; `oids`: identifiers.
//! - `content`: what each relation holds; `relation`, `exec`: how it is scanned.
//! - `functions`: what clients call.

mod attribute;
mod cell;
mod content;
mod definitions;
mod exec;
mod functions;
mod identifiers;
mod oids;
mod relation;
mod rows;
mod stored;
mod text;
mod types;
mod view;

pub use oids::Oids;
pub use view::CatalogView;

pub(crate) use functions::{find as function, names as function_names, needs_names};
pub(crate) use identifiers::settle as settle_identifiers;
pub(crate) use types::declared_type;

use std::sync::Arc;

use arrow::datatypes::Field;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;

use crate::engine::SystemSchema;
use crate::error::Result;
use definitions::Definition;
use relation::SystemRelation;

/// Whether there is such a relation.
fn serves(schema: &str, name: &str) -> bool {
    definitions::find(schema, name).is_some_and(served)
}

/// Whether Tarn has this relation of PostgreSQL's.
fn served(definition: &Definition) -> bool {
    content::find(definition.schema, definition.name).is_some()
}

/// A field of a type by its name, with or without a schema; `None` for a type that Tarn does not have.
pub(crate) fn type_field(parts: &[String]) -> Option<Field> {
    let (schema, name) = match parts {
        [name] => (None, name),
        [schema, name] => (Some(schema.as_str()), name),
        _ => return None,
    };
    let known = types::by_name(name)?;
    let own = if stored::schema_oid(view::PG_CATALOG) == Some(known.namespace) {
        view::PG_CATALOG
    } else {
        "information_schema"
    };
    // Bare names find types of the first schema alone.
    if schema.unwrap_or(view::PG_CATALOG) != own {
        return None;
    }
    let base = types::by_oid(known.base).map_or(known.name.as_str(), |base| base.name.as_str());
    definitions::has_values(base).then(|| definitions::field("", base))
}

/// One of the two schemas.
#[derive(Debug)]
struct CatalogSchema(&'static str);

/// Both schemas.
pub fn schemas() -> Vec<Arc<dyn SystemSchema>> {
    vec![Arc::new(CatalogSchema("pg_catalog")), Arc::new(CatalogSchema("information_schema"))]
}

#[async_trait]
impl SystemSchema for CatalogSchema {
    fn name(&self) -> &str {
        self.0
    }

    fn table_names(&self) -> Vec<String> {
        let own = definitions::all().filter(|found| found.schema == self.0 && served(found));
        own.map(|found| found.name.to_owned()).collect()
    }

    async fn table(&self, view: &Arc<CatalogView>, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(definition) = definitions::find(self.0, table) else { return Ok(None) };
        let Some(content) = content::find(self.0, table) else { return Ok(None) };
        view.load_names().await?;
        Ok(Some(Arc::new(SystemRelation::new(definition, content, Arc::clone(view)))))
    }
}
