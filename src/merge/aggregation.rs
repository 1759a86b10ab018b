//! The aggregation engine: a function for each column (`AggregateMergeFunction`).

use tarn_catalog::Result;
use tarn_catalog::schema::{SchemaField, TableSchema};

use super::aggregate::Aggregator;
use super::options::{Options, REMOVE_ON_DELETE_AGGREGATION};
use super::steps::{Plan, Step, Steps};
use super::versions::{DELETE, INSERT, Versions, is_retraction};

#[derive(Debug, Clone)]
pub(super) struct Aggregation {
    /// A delete removes the key, and its values are what later versions are added to.
    remove_on_delete: bool,
}

impl Aggregation {
    pub(super) fn try_new(options: &Options<'_>) -> Result<Self> {
        Ok(Self { remove_on_delete: options.flag(REMOVE_ON_DELETE_AGGREGATION)? })
    }

    /// The rule of a column: sequence columns keep their last value, keys are as they are, the others
    /// have the function that an option names, or else the last value that is not null.
    pub(super) fn aggregator(
        column: &SchemaField,
        is_sequence: bool,
        schema: &TableSchema,
        options: &Options<'_>,
    ) -> Result<Aggregator> {
        let name = if is_sequence {
            "last_value"
        } else if schema.primary_key.contains(&column.name) {
            "primary-key"
        } else {
            options.aggregate_function(&column.name).unwrap_or("last_non_null_value")
        };
        Aggregator::named(name, column, options)
    }

    pub(super) fn plan(&self, versions: &Versions<'_>) -> Plan {
        if !versions.any_retraction() {
            return Plan { steps: vec![Steps::AllAdd], kinds: vec![INSERT; versions.len()] };
        }
        let removes = |row: usize| self.remove_on_delete && versions.kind(row) == DELETE;
        let step = |row: usize| match versions.kind(row) {
            _ if removes(row) => Step::Start,
            kind if is_retraction(kind) => Step::Retract,
            _ => Step::Add,
        };
        let kind = |group: std::ops::Range<usize>| match group.last() {
            Some(last) if removes(last) => DELETE,
            _ => INSERT,
        };
        Plan {
            steps: vec![Steps::Each((0..versions.rows()).map(step).collect())],
            kinds: versions.groups().map(kind).collect(),
        }
    }
}
