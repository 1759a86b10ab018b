//! The types of a table's columns: a table of a lake declares lengths and precisions.

use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::TableScan;

use super::PgType;
use crate::engine::rights::unguarded;
use crate::engine::series::IntegerSeries;
use crate::provider::LakeTableProvider;
use crate::system_catalog::declared_type;

pub(super) fn columns(scan: &TableScan) -> Vec<PgType> {
    let provider = source_as_provider(&scan.source).ok();
    let of_integers = provider.as_ref().is_some_and(|table| table.downcast_ref::<IntegerSeries>().is_some());
    let table = provider.as_ref().and_then(|table| unguarded(table).downcast_ref::<LakeTableProvider>());
    let schema = table.map(|table| table.version().schema());
    let types = scan.projected_schema.fields().iter().map(|field| {
        let declared = schema.as_ref().and_then(|schema| {
            let column = schema.fields.get(schema.index_of(field.name())?)?;
            declared_type(column)
        });
        match declared {
            Some((name, typmod)) => PgType::Named(name.to_owned(), typmod),
            None if of_integers => PgType::Integer,
            None => PgType::of_field(field),
        }
    });
    types.collect()
}
