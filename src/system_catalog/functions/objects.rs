//! What can be said of an object without looking at it.

use super::{Function, seeing, strict};
use crate::system_catalog::cell::Cell;

const OID: &[&[&str]] = &[&["oid"]];
const NONE: &[&[&str]] = &[&[]];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("pg_tablespace_location", OID, "text", |_, _| Ok("".into())),
    strict("pg_relation_is_publishable", &[&["regclass"]], "bool", |_, _| Ok(false.into())),
    strict("pg_relation_is_updatable", &[&["regclass", "bool"]], "int4", |_, _| Ok(Cell::Int(0))),
    strict("pg_column_is_updatable", &[&["regclass", "int2", "bool"]], "bool", |_, _| Ok(false.into())),
    strict("pg_index_column_has_property", &[&["regclass", "int4", "text"]], "bool", |_, _| Ok(Cell::Null)),
    strict("pg_indexam_has_property", &[&["oid", "text"]], "bool", |_, _| Ok(Cell::Null)),
    strict("pg_sequence_last_value", &[&["regclass"]], "int8", |_, _| Ok(Cell::Null)),
    strict("pg_stat_get_numscans", OID, "int8", |_, _| Ok(Cell::Int(0))),
    strict("pg_stat_get_live_tuples", OID, "int8", |_, _| Ok(Cell::Int(0))),
    strict("pg_stat_get_dead_tuples", OID, "int8", |_, _| Ok(Cell::Int(0))),
    seeing("pg_last_wal_receive_lsn", NONE, "pg_lsn", |_, _| Ok(Cell::Null)),
    seeing("pg_last_wal_replay_lsn", NONE, "pg_lsn", |_, _| Ok(Cell::Null)),
];
