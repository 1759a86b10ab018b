//! The search path: databases in which bare table names are looked for.

/// The schema that Postgres searches before all others, unless the path places it.
pub(super) const SYSTEM: &str = "pg_catalog";
