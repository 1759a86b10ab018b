//! `pg_stat_activity`: the sessions of the server.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::roles::OWNER;
use crate::engine::Activity;
use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::oids::Object;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;

/// What stands for another user's statement.
const HIDDEN: &str = "<insufficient privilege>";

pub fn pg_stat_activity(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    let Some(peers) = &view.session().peers else { return Ok(()) };
    let user = view.user();
    for activity in peers.activity() {
        let own = activity.user == user;
        let shown = own || view.session().settings.is_on("is_superuser");
        rows.row(|column| match column {
            "datid" => view.oids().of(Object::Lake(activity.database.clone())).into(),
            "datname" => activity.database.clone().into(),
            "pid" => activity.pid.into(),
            "usesysid" if own => OWNER.into(),
            "usename" => activity.user.clone().into(),
            "application_name" => activity.application_name.clone().into(),
            "query" if !shown => HIDDEN.into(),
            _ if !shown => Cell::Null,
            column => detail(&activity, column),
        });
    }
    Ok(())
}

fn detail(activity: &Activity, column: &str) -> Cell {
    match column {
        "client_addr" => activity.client.map(|client| client.ip().to_string()).into(),
        "client_port" => activity.client.map(|client| i32::from(client.port())).into(),
        "backend_start" => instant(activity.started),
        "xact_start" => activity.transaction_started.map_or(Cell::Null, instant),
        "query_start" => activity.query_started.map_or(Cell::Null, instant),
        "state_change" => instant(activity.state_changed),
        "state" => activity.state.name().into(),
        "query_id" => i64::try_from(activity.query_id).ok().into(),
        "query" => activity.query.clone().into(),
        "backend_type" => "client backend".into(),
        _ => Cell::Null,
    }
}

fn instant(time: SystemTime) -> Cell {
    Cell::Micros(DateTime::<Utc>::from(time).timestamp_micros())
}
