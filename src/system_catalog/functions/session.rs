//! Who and where the session is.

use chrono::Utc;

use super::{Function, seeing, strict};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::view::CatalogView;

const NONE: &[&[&str]] = &[&[]];
const LOCK: &[&[&str]] = &[&["int8"], &["int4", "int4"]];

pub(super) const FUNCTIONS: &[Function] = &[
    strict("version", NONE, "text", |view, _| Ok(version(view).into())),
    strict("current_user", NONE, "name", |view, _| Ok(view.user().into())),
    strict("session_user", NONE, "name", |view, _| Ok(view.user().into())),
    strict("user", NONE, "name", |view, _| Ok(view.user().into())),
    strict("current_role", NONE, "name", |view, _| Ok(view.user().into())),
    // A standby that has not been promoted would be one; Tarn is no replica of anything.
    strict("pg_is_in_recovery", NONE, "bool", |_, _| Ok(false.into())),
    strict("pg_is_wal_replay_paused", NONE, "bool", |_, _| Ok(false.into())),
    strict("pg_conf_load_time", NONE, "timestamptz", |view, _| Ok(started(view))),
    strict("pg_postmaster_start_time", NONE, "timestamptz", |view, _| Ok(started(view))),
    // Nobody can take an advisory lock, so that there is none to give back.
    strict("pg_advisory_unlock_all", NONE, "void", |_, _| Ok("".into())),
    strict("pg_advisory_unlock", LOCK, "bool", |_, _| Ok(false.into())),
    seeing("inet_server_addr", NONE, "inet", |_, _| Ok(Cell::Null)),
    seeing("inet_server_port", NONE, "int4", |_, _| Ok(Cell::Null)),
    seeing("inet_client_addr", NONE, "inet", |_, _| Ok(Cell::Null)),
    seeing("inet_client_port", NONE, "int4", |_, _| Ok(Cell::Null)),
    strict("clock_timestamp", NONE, "timestamptz", |_, _| Ok(Cell::Micros(Utc::now().timestamp_micros()))),
];

/// Clients look for the version behind the first word.
fn version(view: &CatalogView) -> String {
    let version = view.session().settings.get("server_version").unwrap_or_default();
    let number = version.split_whitespace().next().unwrap_or_default();
    let (tarn, machine, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS);
    format!("PostgreSQL {number} (Tarn {tarn}) on {machine}-{system}, 64-bit")
}

fn started(view: &CatalogView) -> Cell {
    Cell::Micros(view.session().engine.opened_at().timestamp_micros())
}
