//! Columns whose lists are sets to the rule that makes them.

use tarn_catalog::Result;
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::schema::TableSchema;

use super::options::Options;

/// For each column of the table, whether the order of its elements is the business of whoever merged it:
/// `collect` with `distinct`, and nested tables with a key. Java takes it from its hash maps.
pub fn set_columns(table: &str, rule: &MergeRule, schema: &TableSchema) -> Result<Vec<bool>> {
    let options = Options::new(table, &rule.options);
    let is_set = |name: &str| match options.aggregate_function(name) {
        _ if rule.engine.picks_one_version() => Ok(false),
        Some("collect") => options.field_flag(name, "distinct"),
        Some("nested_update" | "nested_partial_update") => {
            Ok(!options.field_names(name, "nested-key").is_empty())
        }
        _ => Ok(false),
    };
    schema.fields.iter().map(|field| is_set(&field.name)).collect()
}
