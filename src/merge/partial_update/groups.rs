//! Sequence groups: columns that are updated together, in the order of their own sequence columns.
//!
//! `fields.G1,G2.sequence-group = A,B` makes a group of the members A and B, ordered by G1, then G2.

use tarn_catalog::schema::TableSchema;
use tarn_catalog::{Error, Result};

use crate::merge::options::{Options, REMOVE_ON_SEQUENCE_GROUP, split_list};

const PREFIX: &str = "fields";
const SUFFIX: &str = "sequence-group";

/// One group, its columns as indices into the table's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SequenceGroup {
    pub(super) sequence: Vec<usize>,
    /// A delete that is the newest of the group removes the whole row.
    pub(super) removes: bool,
}

/// How a column takes part in sequence groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Membership {
    #[default]
    None,
    Sequence(usize),
    Member(usize),
}

impl Membership {
    pub(super) fn group(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Sequence(group) | Self::Member(group) => Some(group),
        }
    }
}

/// The sequence groups of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SequenceGroups {
    groups: Vec<SequenceGroup>,
    /// One a column of the schema.
    memberships: Vec<Membership>,
}

impl SequenceGroups {
    pub(super) fn try_new(schema: &TableSchema, options: &Options<'_>) -> Result<Self> {
        let memberships = vec![Membership::None; schema.fields.len()];
        let mut groups = Self { groups: Vec::new(), memberships };
        for (key, members) in
            options.iter().filter(|(key, _)| key.starts_with(PREFIX) && key.ends_with(SUFFIX))
        {
            let sequence = key.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('.'));
            let sequence = sequence.and_then(|rest| rest.strip_suffix(SUFFIX)?.strip_suffix('.'));
            let sequence =
                sequence.ok_or_else(|| options.invalid(format!("'{key}' names no sequence group")))?;
            groups.add(key, sequence, members, schema, options)?;
        }
        groups.mark_removing(schema, options)?;
        Ok(groups)
    }

    fn add(
        &mut self,
        option: &str,
        sequence: &str,
        members: &str,
        schema: &TableSchema,
        options: &Options<'_>,
    ) -> Result<()> {
        let columns = |names: &str| -> Result<Vec<usize>> {
            split_list(names).into_iter().map(|name| column(option, name, schema, options)).collect()
        };
        let (sequence, members) = (columns(sequence)?, columns(members)?);
        let group = self.groups.len();
        for column in &sequence {
            self.join(*column, Membership::Sequence(group), option, schema, options)?;
        }
        let mut seen = Vec::with_capacity(members.len());
        for column in members {
            let name = &schema.fields[column].name;
            if seen.contains(&column) {
                return Err(options.invalid(format!("'{option}' names column {name} twice")));
            }
            seen.push(column);
            if !sequence.contains(&column) {
                self.join(column, Membership::Member(group), option, schema, options)?;
            }
        }
        self.groups.push(SequenceGroup { sequence, removes: false });
        Ok(())
    }

    /// Makes a column part of a group. Java lets a sequence column be in several groups, with effects
    /// that hang on the order of its hash map; Tarn does not follow it there.
    fn join(
        &mut self,
        column: usize,
        membership: Membership,
        option: &str,
        schema: &TableSchema,
        options: &Options<'_>,
    ) -> Result<()> {
        let name = &schema.fields[column].name;
        match (self.memberships[column], membership) {
            (Membership::None, _) => {}
            (Membership::Sequence(one), Membership::Sequence(other)) if one == other => {}
            (Membership::Member(_), Membership::Member(_)) => {
                return Err(
                    options.invalid(format!("column {name} is in several sequence groups: '{option}'"))
                );
            }
            _ => {
                let feature =
                    format!("column {name} in several sequence groups, one by its sequence ('{option}')");
                return Err(Error::unsupported(options.table(), feature));
            }
        }
        self.memberships[column] = membership;
        Ok(())
    }

    /// Finds the groups whose deletes remove the row.
    fn mark_removing(&mut self, schema: &TableSchema, options: &Options<'_>) -> Result<()> {
        let Some(names) = options.text(REMOVE_ON_SEQUENCE_GROUP) else { return Ok(()) };
        for name in split_list(names) {
            match schema.index_of(name).map(|column| self.memberships[column]) {
                Some(Membership::Sequence(group)) => self.groups[group].removes = true,
                _ => {
                    let reason =
                        format!("'{name}' in '{REMOVE_ON_SEQUENCE_GROUP}' is no sequence column of a group");
                    return Err(options.invalid(reason));
                }
            }
        }
        Ok(())
    }

    /// Refuses functions of columns that are in no group, as Java does: only `last_non_null_value` needs
    /// no order.
    pub(super) fn check_functions(&self, schema: &TableSchema, options: &Options<'_>) -> Result<()> {
        for (field, membership) in schema.fields.iter().zip(&self.memberships) {
            let grouped = *membership != Membership::None || schema.primary_key.contains(&field.name);
            match options.aggregate_function(&field.name) {
                Some(function) if !grouped && function != "last_non_null_value" => {
                    let reason =
                        format!("the function '{function}' of column {} needs a sequence group", field.name);
                    return Err(options.invalid(reason));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn get(&self, group: usize) -> &SequenceGroup {
        &self.groups[group]
    }

    pub(super) fn any_removes(&self) -> bool {
        self.groups.iter().any(|group| group.removes)
    }

    pub(super) fn membership(&self, column: usize) -> Membership {
        self.memberships[column]
    }
}

/// A column that a group names; keys cannot be part of one.
fn column(option: &str, name: &str, schema: &TableSchema, options: &Options<'_>) -> Result<usize> {
    if schema.primary_key.iter().any(|key| key == name) {
        return Err(
            options.invalid(format!("'{option}' names the key column {name}, which no group may have"))
        );
    }
    let missing =
        || options.invalid(format!("'{option}' names the column {name}, which is not in the table"));
    schema.index_of(name).ok_or_else(missing)
}
