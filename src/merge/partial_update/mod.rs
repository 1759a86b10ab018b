//! The partial-update engine: the last value that is not null of each column, or sequence groups with
//! an order of their own (`PartialUpdateMergeFunction`).

mod groups;
mod plan;

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use tarn_catalog::Result;
use tarn_catalog::schema::TableSchema;

use self::groups::{Membership, SequenceGroups};
use self::plan::Planner;
use super::aggregate::Aggregator;
use super::fault::Fault;
use super::options::{Options, REMOVE_ON_DELETE_PARTIAL, REMOVE_ON_SEQUENCE_GROUP};
use super::steps::Plan;
use super::versions::Versions;

#[derive(Debug, Clone)]
pub(super) struct PartialUpdate {
    ignore_delete: bool,
    remove_on_delete: bool,
    groups: SequenceGroups,
    /// The groups that decide about the columns that are read, or about whether rows are removed, as
    /// indices; their steps come in this order, after those of the columns in no group.
    active: Vec<usize>,
}

impl PartialUpdate {
    pub(super) fn try_new(schema: &TableSchema, options: &Options<'_>, projection: &[usize]) -> Result<Self> {
        let ignore_delete = options.ignore_delete()?;
        let remove_on_delete = options.flag(REMOVE_ON_DELETE_PARTIAL)?;
        let groups = SequenceGroups::try_new(schema, options)?;
        if ignore_delete && remove_on_delete {
            return Err(options.conflict("ignore-delete", REMOVE_ON_DELETE_PARTIAL));
        }
        if ignore_delete && groups.any_removes() {
            return Err(options.conflict("ignore-delete", REMOVE_ON_SEQUENCE_GROUP));
        }
        if remove_on_delete && !groups.is_empty() {
            return Err(options.conflict("sequence-group", REMOVE_ON_DELETE_PARTIAL));
        }
        groups.check_functions(schema, options)?;
        let read: BTreeSet<usize> =
            projection.iter().filter_map(|column| groups.membership(*column).group()).collect();
        let active = (0..groups.len()).filter(|group| read.contains(group) || groups.get(*group).removes);
        Ok(Self { ignore_delete, remove_on_delete, active: active.collect(), groups })
    }

    /// The columns that decide the order within the active groups.
    pub(super) fn order_columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.active.iter().flat_map(|group| self.groups.get(*group).sequence.iter().copied())
    }

    /// The rule of a column, and which steps of the plan it follows.
    pub(super) fn aggregator(
        &self,
        column: usize,
        schema: &TableSchema,
        options: &Options<'_>,
    ) -> Result<(Aggregator, usize)> {
        let field = &schema.fields[column];
        let steps = |group: usize| 1 + self.active.iter().position(|active| *active == group).unwrap_or(0);
        match self.groups.membership(column) {
            Membership::None => Ok((Aggregator::last_non_null_value(), 0)),
            Membership::Sequence(group) => Ok((Aggregator::group_sequence(), steps(group))),
            Membership::Member(group) => match options.aggregate_function(&field.name) {
                Some(name) => Ok((Aggregator::named(name, field, options)?, steps(group))),
                None => Ok((Aggregator::group_member(), steps(group))),
            },
        }
    }

    /// Whether values of columns declared NOT NULL are checked in each version, as Java does in tables
    /// without sequence groups.
    pub(super) fn checks_nulls(&self) -> bool {
        self.groups.is_empty()
    }

    /// `position` gives the place of a column of the schema in `rows`.
    pub(super) fn plan(
        &self,
        rows: &RecordBatch,
        versions: &Versions<'_>,
        position: impl Fn(usize) -> usize,
    ) -> Result<Plan, Fault> {
        Planner::try_new(self, rows, versions, position)?.plan()
    }
}
