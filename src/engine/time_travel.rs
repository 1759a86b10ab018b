//! From the words of a version clause to the version: constants are worked out here.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeZone};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::sql::planner::{PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;
use tarn_catalog::version::{ReadOptions, VersionSpec};

use super::planning::parser_options;
use super::query_context::QueryContext;
use super::query_tables::QueryTables;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::table_clause::{TableClause, VersionClause};

/// How a table is read, from what follows its name in FROM.
pub(super) fn read_options(clause: &TableClause, state: &SessionState) -> Result<ReadOptions> {
    let version = match &clause.version {
        None => VersionSpec::Latest,
        Some(VersionClause::Version(expr)) => version_only(expr, state)?,
        Some(VersionClause::Time(expr)) => time_only(expr, state)?,
    };
    Ok(ReadOptions { version, options: clause.options.iter().cloned().collect() })
}

/// The version that a constant means by its type: a number or a text names one, a time stands for the
/// newest version at it.
pub(super) fn version_or_time(expr: &SqlExpr, state: &SessionState) -> Result<VersionSpec> {
    let value = constant(expr, state)?;
    match value.data_type() {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => at_time(value, state),
        _ => version(value),
    }
}

pub(super) fn version_only(expr: &SqlExpr, state: &SessionState) -> Result<VersionSpec> {
    version(constant(expr, state)?)
}

pub(super) fn time_only(expr: &SqlExpr, state: &SessionState) -> Result<VersionSpec> {
    at_time(constant(expr, state)?, state)
}

fn at_time(value: ScalarValue, state: &SessionState) -> Result<VersionSpec> {
    Ok(VersionSpec::AsOfMillis(instant_millis(value, &session_zone(state)?)?))
}

/// The value of a constant expression; `now()` is the time of the statement.
fn constant(expr: &SqlExpr, state: &SessionState) -> Result<ScalarValue> {
    let not_constant = || {
        Error::new(
            ErrorKind::InvalidParameter,
            format!("a table's version must be a constant, and \"{expr}\" is none"),
        )
        .with_hint("Columns, subqueries and parameters cannot choose a version.")
    };
    let context = QueryContext::new(state, QueryTables::none(), None);
    let planner = SqlToRel::new_with_options(&context, parser_options(state));
    let logical = planner.sql_to_expr(expr.clone(), &DFSchema::empty(), &mut PlannerContext::new()).map_err(
        |error| {
            let error = Error::from(error);
            if error.kind == ErrorKind::UndefinedColumn { not_constant() } else { error }
        },
    )?;
    match context.simplify(logical)? {
        Expr::Literal(value, _) => Ok(value),
        _ => Err(not_constant()),
    }
}

fn version(value: ScalarValue) -> Result<VersionSpec> {
    let wrong = |value: &ScalarValue| {
        Error::new(
            ErrorKind::DatatypeMismatch,
            format!("a version is a snapshot's number or a tag's name, not {value}"),
        )
        .with_hint("For a time write FOR SYSTEM_TIME AS OF ...")
    };
    if value.is_null() {
        return Err(wrong(&value));
    }
    if let Some(Some(name)) = value.try_as_str() {
        return Ok(VersionSpec::Named(name.to_owned()));
    }
    if !value.data_type().is_integer() {
        return Err(wrong(&value));
    }
    match value.cast_to(&DataType::Int64) {
        Ok(ScalarValue::Int64(Some(snapshot))) => Ok(VersionSpec::Snapshot(snapshot)),
        _ => Err(wrong(&value)),
    }
}

/// The instant of a constant in milliseconds since the epoch, rounded down: a version is as of an
/// instant when it was made at it or before. Times without a zone are of the session's zone, whole
/// numbers are milliseconds since the epoch.
fn instant_millis(value: ScalarValue, zone: &Tz) -> Result<i64> {
    let wrong = |value: &ScalarValue| {
        Error::new(
            ErrorKind::DatatypeMismatch,
            format!("a time is a timestamp, a date, a text or milliseconds since 1970, not {value}"),
        )
    };
    if value.is_null() {
        return Err(wrong(&value));
    }
    if let Some(Some(text)) = value.try_as_str() {
        let parsed = string_to_datetime(zone, text.trim()).map_err(|_| {
            let message = format!("invalid input syntax for type timestamp: \"{text}\"");
            Error::new(ErrorKind::InvalidDatetime, message)
        })?;
        return Ok(parsed.timestamp_millis());
    }
    let millis_of = |value: &ScalarValue, zone: Option<&str>| -> Result<i64> {
        let unit = DataType::Timestamp(TimeUnit::Nanosecond, zone.map(Into::into));
        match value.cast_to(&unit) {
            Ok(ScalarValue::TimestampNanosecond(Some(nanos), _)) => Ok(nanos.div_euclid(1_000_000)),
            _ => Err(wrong(value)),
        }
    };
    match value.data_type() {
        DataType::Timestamp(_, Some(_)) => millis_of(&value, Some("UTC")),
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => {
            local_to_instant(millis_of(&value, None)?, zone)
        }
        integer if integer.is_integer() => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(millis))) => Ok(millis),
            _ => Err(wrong(&value)),
        },
        _ => Err(wrong(&value)),
    }
}

/// A wall-clock time of a zone. Where the clock shows it twice, the earlier; where it skips it, an
/// error.
fn local_to_instant(millis: i64, zone: &Tz) -> Result<i64> {
    let local: Option<NaiveDateTime> = DateTime::from_timestamp_millis(millis).map(|time| time.naive_utc());
    local
        .and_then(|local| zone.from_local_datetime(&local).earliest())
        .map(|instant| instant.timestamp_millis())
        .ok_or_else(|| {
            Error::new(ErrorKind::InvalidDatetime, "that time does not exist in the session's time zone")
        })
}

fn session_zone(state: &SessionState) -> Result<Tz> {
    let name = state.config_options().execution.time_zone.as_deref().unwrap_or("+00:00");
    Tz::from_str(name).map_err(|_| {
        Error::new(ErrorKind::InvalidParameter, format!("Tarn does not know the time zone \"{name}\""))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn millis(value: ScalarValue, zone: &str) -> Result<i64> {
        instant_millis(value, &Tz::from_str(zone).unwrap())
    }

    #[test]
    fn times_without_a_zone_are_of_the_session() {
        let noon = ScalarValue::TimestampMicrosecond(Some(1_762_171_200_000_000), None);
        assert_eq!(millis(noon.clone(), "UTC").unwrap(), 1_762_171_200_000);
        assert_eq!(millis(noon, "Europe/Berlin").unwrap(), 1_762_171_200_000 - 3_600_000);
        let text = ScalarValue::from("2025-11-03 12:00:00");
        assert_eq!(millis(text, "Europe/Berlin").unwrap(), 1_762_167_600_000);
        let zoned = ScalarValue::from("2025-11-03T12:00:00Z");
        assert_eq!(millis(zoned, "Europe/Berlin").unwrap(), 1_762_171_200_000);
        assert_eq!(millis(ScalarValue::Date32(Some(1)), "+01:00").unwrap(), 86_400_000 - 3_600_000);
    }

    #[test]
    fn instants_are_rounded_down() {
        let value = |nanos| ScalarValue::TimestampNanosecond(Some(nanos), Some("UTC".into()));
        assert_eq!(millis(value(1_999_999), "UTC").unwrap(), 1);
        assert_eq!(millis(value(-1), "UTC").unwrap(), -1);
        assert_eq!(millis(ScalarValue::Int32(Some(17)), "UTC").unwrap(), 17);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for value in [ScalarValue::Null, ScalarValue::from("yesterday"), ScalarValue::from(1.5)] {
            assert!(millis(value, "UTC").is_err());
        }
        let skipped = ScalarValue::from("2026-03-29 02:30:00");
        assert!(millis(skipped, "Europe/Berlin").is_err());
    }

    #[test]
    fn versions_are_numbers_and_names() {
        assert_eq!(version(ScalarValue::Int64(Some(3))).unwrap(), VersionSpec::Snapshot(3));
        assert_eq!(version(ScalarValue::from("day-1")).unwrap(), VersionSpec::Named("day-1".into()));
        assert!(version(ScalarValue::from(1.0)).is_err());
        assert!(version(ScalarValue::Int64(None)).is_err());
    }
}
