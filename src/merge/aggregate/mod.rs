//! Aggregate functions: how the values of a column's versions become one value.

mod bitmap;
mod collect;
mod decimal;
mod elements;
mod fold;
mod function;
mod hll;
mod keys;
mod listagg;
mod map;
mod nested_partial_update;
mod nested_update;
mod number;
mod roaring64;
mod select;
mod sketch;
#[cfg(test)]
mod union_tests;

use arrow::array::ArrayRef;
use roaring::RoaringBitmap;
use tarn_catalog::Result;
use tarn_catalog::schema::SchemaField;

use self::bitmap::unite;
use self::collect::collect;
pub(super) use self::fold::Work;
use self::function::Function;
pub use self::keys::Keys;
use self::map::{merge_map, merge_map_with_key_time};
use self::nested_partial_update::nested_partial_update;
use self::number::arithmetic;
use self::roaring64::Roaring64;
use self::select::{
    Decision, Extreme, FirstNonNullValue, FirstValue, GroupMember, GroupSequence, KeyValue, LastNonNullValue,
    LastValue, select,
};
use super::fault::Fault;
use super::options::{Options, REMOVE_ON_DELETE_AGGREGATION, field_key};

/// The rule by which one column is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aggregator {
    /// For errors.
    name: String,
    function: Function,
    /// Retractions leave the column alone.
    ignore_retract: bool,
}

impl Aggregator {
    /// The named function with the column's options.
    pub(super) fn named(name: &str, column: &SchemaField, options: &Options<'_>) -> Result<Self> {
        let ignore_retract = options.field_flag(&column.name, "ignore-retract")?;
        if ignore_retract && options.flag(REMOVE_ON_DELETE_AGGREGATION)? {
            return Err(
                options.conflict(REMOVE_ON_DELETE_AGGREGATION, &field_key(&column.name, "ignore-retract"))
            );
        }
        Ok(Self { name: name.to_owned(), function: Function::named(name, column, options)?, ignore_retract })
    }

    /// A column of partial-update in no sequence group.
    pub(super) fn last_non_null_value() -> Self {
        Self::plain("last_non_null_value", Function::LastNonNullValue)
    }

    /// A member of a sequence group that has no function of its own.
    pub(super) fn group_member() -> Self {
        Self::plain("sequence-group", Function::GroupMember)
    }

    /// A sequence column of a sequence group.
    pub(super) fn group_sequence() -> Self {
        Self::plain("sequence-group", Function::GroupSequence)
    }

    fn plain(name: &str, function: Function) -> Self {
        Self { name: name.to_owned(), function, ignore_retract: false }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Merges the groups of the work; gives one value for each.
    pub(super) fn merge(&self, column: &ArrayRef, work: &Work<'_>) -> Result<ArrayRef, Fault> {
        let ignore = self.ignore_retract;
        match &self.function {
            Function::LastValue => select(column, work, ignore, LastValue),
            Function::LastNonNullValue => select(column, work, ignore, LastNonNullValue),
            Function::FirstValue => select(column, work, ignore, FirstValue::default()),
            Function::FirstNonNullValue => select(column, work, ignore, FirstNonNullValue::default()),
            Function::PrimaryKey => select(column, work, ignore, KeyValue),
            Function::GroupMember => select(column, work, ignore, GroupMember),
            Function::GroupSequence => select(column, work, ignore, GroupSequence),
            Function::Min => select(column, work, ignore, Extreme::min(column)?),
            Function::Max => select(column, work, ignore, Extreme::max(column)?),
            Function::BoolAnd => select(column, work, ignore, Decision::and(column)),
            Function::BoolOr => select(column, work, ignore, Decision::or(column)),
            Function::Arithmetic(function) => arithmetic(*function, column, work, ignore),
            Function::ListAgg(options) => options.merge(column, work, ignore),
            Function::Collect { distinct } => collect(*distinct, column, work, ignore),
            Function::MergeMap => merge_map(column, work, ignore),
            Function::MergeMapWithKeyTime { time_field } => {
                merge_map_with_key_time(*time_field, column, work, ignore)
            }
            Function::NestedUpdate(options) => options.merge(column, work, ignore),
            Function::NestedPartialUpdate(key) => nested_partial_update(key, column, work, ignore),
            Function::RoaringBitmap32 => unite::<RoaringBitmap>(column, work, ignore),
            Function::RoaringBitmap64 => unite::<Roaring64>(column, work, ignore),
            Function::Sketch(sketch) => sketch.merge(column, work, ignore),
        }
    }
}
