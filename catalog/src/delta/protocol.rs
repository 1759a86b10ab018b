//! What a reader must know to read a table.

use super::action::Protocol;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};

/// The highest reader version: from it on, features have names.
const READER_VERSION_OF_FEATURES: i32 = 3;

/// Features of readers that are implemented.
const READER_FEATURES: [&str; 10] = [
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantType",
    "variantType-preview",
    "inCommitTimestamp",
];

/// Refuses a version that needs what is not implemented.
pub fn check(table: &str, snapshot: &Snapshot) -> Result<()> {
    check_protocol(table, &snapshot.protocol)?;
    match &snapshot.metadata.format {
        Some(format) if format.provider != "parquet" => {
            Err(Error::unsupported(table, format!("data files of format {:?}", format.provider)))
        }
        _ => Ok(()),
    }
}

fn check_protocol(table: &str, protocol: &Protocol) -> Result<()> {
    let Protocol { min_reader_version: version, reader_features, .. } = protocol;
    if !(1..=READER_VERSION_OF_FEATURES).contains(version) {
        return Err(Error::unsupported(table, format!("Delta's reader version {version}")));
    }
    match (reader_features, *version == READER_VERSION_OF_FEATURES) {
        (None, false) => Ok(()),
        // Checkpoints of some writers have an empty list for none.
        (Some(features), false) if features.is_empty() => Ok(()),
        (Some(features), true) => {
            let unknown: Vec<&str> =
                features.iter().map(String::as_str).filter(|name| !READER_FEATURES.contains(name)).collect();
            match unknown.is_empty() {
                true => Ok(()),
                false => Err(Error::unsupported(table, format!("Delta's feature {}", unknown.join(", ")))),
            }
        }
        (Some(_), false) | (None, true) => {
            let reason = format!("reader version {version} and its list of features do not go together");
            Err(Error::corrupt(format!("the log of table {table}"), reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: i32, features: Option<&[&str]>) -> Result<()> {
        let reader_features = features.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let protocol = Protocol { min_reader_version: version, reader_features, writer_features: None };
        check_protocol("t", &protocol)
    }

    #[test]
    fn what_is_unknown_is_refused_by_name() {
        assert!(checked(1, None).is_ok() && checked(2, None).is_ok());
        assert!(checked(3, Some(&["deletionVectors", "columnMapping"])).is_ok());
        assert!(checked(1, Some(&[])).is_ok());
        let error = checked(3, Some(&["deletionVectors", "newThing"])).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("newThing") && !text.contains("deletionVectors")));
        for (version, features) in [(4, None), (0, None), (3, None), (2, Some(&["deletionVectors"][..]))] {
            assert!(checked(version, features).is_err(), "{version} {features:?}");
        }
    }
}
