//! The session among those of its server.

use super::{Function, acting, seeing};
use crate::error::{Error, ErrorKind, Result};
use crate::system_catalog::cell::Cell;
use crate::system_catalog::view::CatalogView;

const PID: &[&[&str]] = &[&["int4"], &["int8"]];
const PID_AND_TIMEOUT: &[&[&str]] = &[&["int4"], &["int8"], &["int4", "int8"], &["int8", "int8"]];

pub(super) const FUNCTIONS: &[Function] = &[
    seeing("pg_backend_pid", &[&[]], "int4", |view, _| {
        Ok(view.session().peers.as_ref().map(|peers| peers.pid()).into())
    }),
    acting("pg_cancel_backend", PID, "bool", |view, args| {
        signal(view, args, "cancel query", |view, pid| {
            view.session().peers.as_ref().is_some_and(|peers| peers.cancel(pid))
        })
    }),
    acting("pg_terminate_backend", PID_AND_TIMEOUT, "bool", |view, args| {
        signal(view, args, "terminate process", |view, pid| {
            view.session().peers.as_ref().is_some_and(|peers| peers.terminate(pid))
        })
    }),
];

/// Everybody may end what is their own, and a superuser what is anybody's.
fn signal(
    view: &CatalogView,
    args: &[Cell],
    what: &str,
    send: impl FnOnce(&CatalogView, i32) -> bool,
) -> Result<Cell> {
    let pid = args.first().and_then(Cell::as_int).and_then(|pid| i32::try_from(pid).ok());
    let sessions = view.session().peers.as_ref().map(|peers| peers.activity()).unwrap_or_default();
    let Some(found) = sessions.iter().find(|activity| Some(activity.pid) == pid) else {
        return Ok(false.into());
    };
    if found.user != view.user() && !view.session().settings.is_on("is_superuser") {
        let error = Error::new(ErrorKind::Permission, format!("permission denied to {what}"));
        return Err(error.with_detail("Only a superuser may end what another user does."));
    }
    Ok(send(view, found.pid).into())
}
