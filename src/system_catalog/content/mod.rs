//! What each system relation holds.

mod activity;
mod columns;
mod constraints;
mod databases;
pub mod indexes;
pub mod roles;
pub mod schemas;
mod settings;
mod standard;
mod standard_columns;
mod system;
mod tables;

use std::sync::Arc;

use super::cell::Cell;
use super::definitions::Definition;
use super::oids::Part;
use super::rows::Rows;
use super::stored as stored_rows;
use super::view::{CatalogView, NamedTable};
use crate::engine::TableDescription;
use crate::error::Result;

/// Where the rows of a relation come from.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// As PostgreSQL has it, row by row.
    Stored,
    /// Made at once, from what is known without opening a table.
    Made(fn(&CatalogView, &mut Rows) -> Result<()>),
    /// Rows for each table of the lake.
    PerTable(&'static PerTable),
    /// There are none, because Tarn has no such objects.
    Nothing,
}

/// A table of the lake, or a part of it, that a relation may have rows of.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub table: Arc<NamedTable>,
    pub part: Part,
}

/// A relation with rows for every table.
#[derive(Debug)]
pub struct PerTable {
    /// Columns that follow from a table's name; filters over them decide which tables are opened.
    pub keys: &'static [&'static str],
    /// Which parts of a table have rows of their own.
    pub parts: &'static [Part],
    /// Whether a table itself has exactly one row, so that it need not be opened for its keys.
    pub one_row: bool,
    /// The value of a key column.
    pub key: fn(&CatalogView, &Candidate, &str) -> Option<Cell>,
    /// Adds the rows of a table that was opened.
    pub rows: fn(&CatalogView, &Candidate, &TableDescription, &mut Rows),
    /// Adds rows that do not come from tables of the lake.
    pub fixed: fn(&CatalogView, &mut Rows) -> Result<()>,
}

impl PerTable {
    pub fn candidates(&self, view: &CatalogView) -> Result<Vec<Candidate>> {
        let tables = view.names()?.tables.iter();
        let parts = |table: &Arc<NamedTable>| {
            let table = Arc::clone(table);
            self.parts.iter().map(move |part| Candidate { table: Arc::clone(&table), part: *part })
        };
        Ok(tables.flat_map(parts).collect())
    }
}

/// No rows but those of tables.
fn nothing_fixed(_view: &CatalogView, _rows: &mut Rows) -> Result<()> {
    Ok(())
}

/// Adds the stored rows of a relation that a condition keeps.
pub fn stored(definition: &Definition, rows: &mut Rows, keep: impl Fn(&[Cell]) -> bool) {
    for row in stored_rows::rows(definition).iter().filter(|row| keep(row)) {
        rows.row(|column| {
            let index = definition.arrow.index_of(column).ok();
            index.and_then(|index| row.get(index)).cloned().unwrap_or_default()
        });
    }
}

/// The content of a relation; `None` where Tarn does not have it.
pub fn find(schema: &str, name: &str) -> Option<Content> {
    match schema {
        "pg_catalog" => pg_catalog(name),
        "information_schema" => information_schema(name),
        _ => None,
    }
}

fn pg_catalog(name: &str) -> Option<Content> {
    use Content::{Made, Nothing, PerTable, Stored};
    Some(match name {
        "pg_namespace" => Made(schemas::pg_namespace),
        "pg_class" => PerTable(&tables::PG_CLASS),
        "pg_tables" => PerTable(&tables::PG_TABLES),
        "pg_stat_all_tables" | "pg_stat_user_tables" => PerTable(&tables::PG_STAT_TABLES),
        "pg_statio_all_tables" | "pg_statio_user_tables" => PerTable(&tables::PG_STATIO_TABLES),
        "pg_attribute" => PerTable(&columns::PG_ATTRIBUTE),
        "pg_attrdef" => PerTable(&columns::PG_ATTRDEF),
        "pg_description" => PerTable(&columns::PG_DESCRIPTION),
        "pg_index" => PerTable(&indexes::PG_INDEX),
        "pg_indexes" => PerTable(&indexes::PG_INDEXES),
        "pg_constraint" => PerTable(&constraints::PG_CONSTRAINT),
        "pg_database" => Made(databases::pg_database),
        "pg_stat_database" => Made(databases::pg_stat_database),
        "pg_roles" => Made(roles::pg_roles),
        "pg_authid" => Made(roles::pg_authid),
        "pg_user" | "pg_shadow" => Made(roles::pg_user),
        "pg_settings" => Made(settings::pg_settings),
        "pg_stat_activity" => Made(activity::pg_stat_activity),
        "pg_proc" => Made(system::pg_proc),
        "pg_type" | "pg_am" | "pg_opclass" | "pg_opfamily" | "pg_operator" | "pg_cast" | "pg_aggregate"
        | "pg_collation" | "pg_language" | "pg_range" | "pg_tablespace" => Stored,
        "pg_timezone_names" => return None,
        // What no lake has: keys to other tables, triggers, rules, policies, sequences, enumerations,
        // inheritance, publications, foreign tables, large objects, and what is written about them.
        "pg_amop" | "pg_amproc" => return None,
        "pg_auth_members"
        | "pg_group"
        | "pg_conversion"
        | "pg_cursors"
        | "pg_db_role_setting"
        | "pg_default_acl"
        | "pg_depend"
        | "pg_enum"
        | "pg_event_trigger"
        | "pg_extension"
        | "pg_available_extensions"
        | "pg_available_extension_versions"
        | "pg_foreign_data_wrapper"
        | "pg_foreign_server"
        | "pg_foreign_table"
        | "pg_inherits"
        | "pg_init_privs"
        | "pg_largeobject"
        | "pg_largeobject_metadata"
        | "pg_locks"
        | "pg_matviews"
        | "pg_parameter_acl"
        | "pg_partitioned_table"
        | "pg_policies"
        | "pg_policy"
        | "pg_prepared_xacts"
        | "pg_publication"
        | "pg_publication_namespace"
        | "pg_publication_rel"
        | "pg_publication_tables"
        | "pg_replication_origin"
        | "pg_replication_slots"
        | "pg_rewrite"
        | "pg_rules"
        | "pg_seclabel"
        | "pg_seclabels"
        | "pg_sequence"
        | "pg_sequences"
        | "pg_shdepend"
        | "pg_shdescription"
        | "pg_shseclabel"
        | "pg_stat_replication"
        | "pg_stat_subscription"
        | "pg_stat_user_functions"
        | "pg_stat_user_indexes"
        | "pg_stat_all_indexes"
        | "pg_statio_user_indexes"
        | "pg_statio_all_indexes"
        | "pg_statio_user_sequences"
        | "pg_statio_all_sequences"
        | "pg_statistic"
        | "pg_statistic_ext"
        | "pg_statistic_ext_data"
        | "pg_stats"
        | "pg_stats_ext"
        | "pg_subscription"
        | "pg_subscription_rel"
        | "pg_transform"
        | "pg_trigger"
        | "pg_ts_config"
        | "pg_ts_config_map"
        | "pg_ts_dict"
        | "pg_ts_parser"
        | "pg_ts_template"
        | "pg_user_mapping"
        | "pg_user_mappings"
        | "pg_views" => Nothing,
        _ => return None,
    })
}

fn information_schema(name: &str) -> Option<Content> {
    use Content::{Made, Nothing, PerTable, Stored};
    Some(match name {
        "schemata" => Made(standard::schemata),
        "information_schema_catalog_name" => Made(standard::catalog_name),
        "character_sets" => Made(standard::character_sets),
        "collations" => Made(standard::collations),
        "collation_character_set_applicability" => Made(standard::collation_applicability),
        "enabled_roles" => Made(standard::enabled_roles),
        "tables" => PerTable(&standard::TABLES),
        "table_privileges" | "role_table_grants" => PerTable(&standard::TABLE_PRIVILEGES),
        "columns" => PerTable(&standard_columns::COLUMNS),
        "column_privileges" | "role_column_grants" => PerTable(&standard_columns::COLUMN_PRIVILEGES),
        "table_constraints" => PerTable(&constraints::TABLE_CONSTRAINTS),
        "key_column_usage" => PerTable(&constraints::KEY_COLUMN_USAGE),
        "constraint_column_usage" => PerTable(&constraints::CONSTRAINT_COLUMN_USAGE),
        "constraint_table_usage" => PerTable(&constraints::CONSTRAINT_TABLE_USAGE),
        "sql_features" | "sql_implementation_info" | "sql_parts" | "sql_sizing" => Stored,
        "administrable_role_authorizations"
        | "applicable_roles"
        | "attributes"
        | "check_constraint_routine_usage"
        | "check_constraints"
        | "column_column_usage"
        | "column_domain_usage"
        | "column_options"
        | "column_udt_usage"
        | "domain_constraints"
        | "domain_udt_usage"
        | "domains"
        | "element_types"
        | "foreign_data_wrapper_options"
        | "foreign_data_wrappers"
        | "foreign_server_options"
        | "foreign_servers"
        | "foreign_table_options"
        | "foreign_tables"
        | "parameters"
        | "referential_constraints"
        | "role_routine_grants"
        | "role_udt_grants"
        | "role_usage_grants"
        | "routine_column_usage"
        | "routine_privileges"
        | "routine_routine_usage"
        | "routine_sequence_usage"
        | "routine_table_usage"
        | "routines"
        | "sequences"
        | "transforms"
        | "triggered_update_columns"
        | "triggers"
        | "udt_privileges"
        | "usage_privileges"
        | "user_defined_types"
        | "user_mapping_options"
        | "user_mappings"
        | "view_column_usage"
        | "view_routine_usage"
        | "view_table_usage"
        | "views" => Nothing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system_catalog::definitions;

    #[test]
    fn what_is_served_is_defined() {
        let served = definitions::all().filter(|found| find(found.schema, found.name).is_some()).count();
        assert!(served > 150, "{served}");
        assert!(find("pg_catalog", "nonsense").is_none());
    }

    #[test]
    fn keys_are_columns() {
        for definition in definitions::all() {
            if let Some(Content::PerTable(tables)) = find(definition.schema, definition.name) {
                for key in tables.keys {
                    assert!(definition.arrow.index_of(key).is_ok(), "{}.{key}", definition.name);
                }
            }
        }
    }
}
