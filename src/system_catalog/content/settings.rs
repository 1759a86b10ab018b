//! `pg_settings`.

use crate::error::Result;
use crate::settings::Kind;
use crate::system_catalog::cell::Cell;
use crate::system_catalog::rows::Rows;
use crate::system_catalog::view::CatalogView;

pub fn pg_settings(view: &CatalogView, rows: &mut Rows) -> Result<()> {
    for setting in view.session().settings.list() {
        let known = setting.known;
        rows.row(|column| match column {
            "name" => known.name.into(),
            "setting" => setting.value.clone().into(),
            "unit" => Some(known.unit).filter(|unit| !unit.is_empty()).into(),
            "category" => known.category.into(),
            "short_desc" => known.description.into(),
            "context" => known.context.name().into(),
            "vartype" => known.type_name().into(),
            "source" => if setting.value == known.boot { "default" } else { "session" }.into(),
            "min_val" => bounds(&known.kind).map(|(min, _)| min).into(),
            "max_val" => bounds(&known.kind).map(|(_, max)| max).into(),
            "enumvals" => match &known.kind {
                Kind::Enum(values) => values.iter().copied().collect(),
                _ => Cell::Null,
            },
            "boot_val" => known.boot.into(),
            "reset_val" => setting.reset_value.clone().into(),
            "pending_restart" => false.into(),
            _ => Cell::Null,
        });
    }
    Ok(())
}

fn bounds(kind: &Kind) -> Option<(String, String)> {
    match kind {
        Kind::Integer { min, max } => Some((min.to_string(), max.to_string())),
        Kind::Real { min, max } => Some((min.to_string(), max.to_string())),
        _ => None,
    }
}
