//! Roles. There is one for now, the session's own, and it owns and may read everything.

use crate::error::Result;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;

/// Who owns what there is: the identifier of PostgreSQL's first superuser.
pub const OWNER: u32 = 10;

/// A role as the catalog tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub oid: u32,
    pub name: String,
    pub superuser: bool,
    pub can_login: bool,
}

/// The roles that a session sees: where accounts and grants come to be shown.
pub fn roles(view: &CatalogView) -> Vec<Role> {
    let superuser = view.session().settings.is_on("is_superuser");
    vec![Role { oid: OWNER, name: view.user(), superuser, can_login: true }]
}

fn common(role: &Role, column: &str) -> Cell {
    match column {
        "oid" => role.oid.into(),
        "rolname" => role.name.clone().into(),
        "rolsuper" => role.superuser.into(),
        "rolinherit" => true.into(),
        "rolcreaterole" | "rolcreatedb" | "rolreplication" | "rolbypassrls" => false.into(),
        "rolcanlogin" => role.can_login.into(),
        "rolconnlimit" => Cell::Int(-1),
        _ => Cell::Null,
    }
}

pub fn pg_roles(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for role in roles(view) {
        rows.row(|column| match column {
            "rolpassword" => "********".into(),
            _ => common(&role, column),
        });
    }
    Ok(())
}

pub fn pg_authid(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    roles(view).iter().for_each(|role| rows.row(|column| common(role, column)));
    Ok(())
}

/// `pg_user` and `pg_shadow`.
pub fn pg_user(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for role in roles(view).iter().filter(|role| role.can_login) {
        rows.row(|column| match column {
            "usename" => role.name.clone().into(),
            "usesysid" => role.oid.into(),
            "usesuper" => role.superuser.into(),
            "usecreatedb" | "userepl" | "usebypassrls" => false.into(),
            "passwd" => "********".into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}
