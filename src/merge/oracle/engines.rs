//! The merge engines over plain rows, after Java's `DeduplicateMergeFunction`, `FirstRowMergeFunction`,
//! `PartialUpdateMergeFunction` and `AggregateMergeFunction`.

use super::functions::Aggregator;
use super::values::Value;

/// A version of a key.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) kind: i8,
    pub(super) row: Vec<Value>,
}

impl Version {
    fn is_retract(&self) -> bool {
        self.kind == 1 || self.kind == 3
    }
}

/// The merged row with its kind; `None` where nothing is left.
pub(super) type Outcome = Result<Option<Version>, String>;

pub(super) fn deduplicate(versions: &[Version], ignore_delete: bool) -> Outcome {
    let mut latest = None;
    for version in versions {
        if ignore_delete && version.is_retract() {
            continue;
        }
        latest = Some(version.clone());
    }
    Ok(latest)
}

pub(super) fn first_row(versions: &[Version], ignore_delete: bool) -> Outcome {
    let mut first = None;
    for version in versions {
        if version.is_retract() {
            if ignore_delete {
                continue;
            }
            return Err("first-row cannot accept deletes".to_owned());
        }
        first = first.or(Some(version.clone()));
    }
    Ok(first)
}

#[derive(Debug, Clone)]
pub(super) struct AggregateMerge {
    pub(super) aggregators: Vec<Aggregator>,
    pub(super) nullable: Vec<bool>,
    pub(super) remove_record_on_delete: bool,
}

impl AggregateMerge {
    pub(super) fn merge(&mut self, versions: &[Version]) -> Outcome {
        let mut row = vec![Value::Null; self.nullable.len()];
        self.aggregators.iter_mut().for_each(Aggregator::reset);
        let mut current_delete = false;
        for version in versions {
            current_delete = self.remove_record_on_delete && version.kind == 3;
            if current_delete {
                row = init_row(&self.nullable, &version.row)?;
                continue;
            }
            for (index, aggregator) in self.aggregators.iter_mut().enumerate() {
                let (acc, input) = (row[index].clone(), version.row[index].clone());
                row[index] = match version.is_retract() {
                    true => aggregator.retract(acc, input)?,
                    false => aggregator.agg(acc, input)?,
                };
            }
        }
        Ok(Some(Version { kind: if current_delete { 3 } else { 0 }, row }))
    }
}

fn init_row(nullable: &[bool], row: &[Value]) -> Result<Vec<Value>, String> {
    match row.iter().zip(nullable).any(|(value, nullable)| value.is_null() && !nullable) {
        true => Err("field can not be null".to_owned()),
        false => Ok(row.to_vec()),
    }
}

#[derive(Debug, Clone)]
pub(super) struct PartialUpdateMerge {
    pub(super) nullable: Vec<bool>,
    pub(super) ignore_delete: bool,
    /// For each column, the sequence columns of its group.
    pub(super) sequences: Vec<Option<Vec<usize>>>,
    pub(super) aggregators: Vec<Option<Aggregator>>,
    pub(super) remove_record_on_delete: bool,
    /// Sequence columns whose groups remove the row.
    pub(super) partial_delete: Vec<usize>,
}

impl PartialUpdateMerge {
    pub(super) fn merge(&mut self, versions: &[Version]) -> Outcome {
        let mut state = State { row: vec![Value::Null; self.nullable.len()], ..State::default() };
        self.aggregators.iter_mut().flatten().for_each(Aggregator::reset);
        for version in versions {
            state.current_delete = false;
            if version.is_retract() {
                self.retract(version, &mut state)?;
                continue;
            }
            if self.sequences.iter().all(Option::is_none) {
                for (index, value) in version.row.iter().enumerate() {
                    match value {
                        Value::Null if !self.nullable[index] => {
                            return Err("field can not be null".to_owned());
                        }
                        Value::Null => {}
                        value => state.row[index] = value.clone(),
                    }
                }
            } else {
                self.update_with_sequence_group(version, &mut state)?;
            }
            state.meet_insert = true;
            state.not_null_column_filled = true;
        }
        let kind = if state.current_delete || !state.meet_insert { 3 } else { 0 };
        Ok(Some(Version { kind, row: state.row }))
    }

    fn retract(&mut self, version: &Version, state: &mut State) -> Result<(), String> {
        if !state.not_null_column_filled {
            state.row = init_row(&self.nullable, &version.row)?;
            state.not_null_column_filled = true;
        }
        if self.ignore_delete {
            return Ok(());
        }
        if self.sequences.iter().any(Option::is_some) {
            return self.retract_with_sequence_group(version, state);
        }
        if !self.remove_record_on_delete {
            return Err("partial update can not accept delete records".to_owned());
        }
        if version.kind == 3 {
            state.current_delete = true;
            state.row = init_row(&self.nullable, &version.row)?;
        }
        Ok(())
    }

    fn update_with_sequence_group(&mut self, version: &Version, state: &mut State) -> Result<(), String> {
        let mut processed = vec![false; version.row.len()];
        for index in 0..version.row.len() {
            let (acc, input) = (state.row[index].clone(), version.row[index].clone());
            let aggregator = self.aggregators[index].as_mut();
            let Some(sequence) = &self.sequences[index] else {
                state.row[index] = match aggregator {
                    Some(aggregator) => aggregator.agg(acc, input)?,
                    None if input.is_null() => acc,
                    None => input,
                };
                continue;
            };
            if processed[index] {
                continue;
            }
            if sequence.iter().all(|field| version.row[*field].is_null()) {
                sequence.iter().for_each(|field| processed[*field] = true);
                continue;
            }
            if is_newer(sequence, &version.row, &state.row) {
                if sequence.contains(&index) {
                    for field in sequence {
                        state.row[*field] = version.row[*field].clone();
                        processed[*field] = true;
                    }
                    continue;
                }
                state.row[index] = match aggregator {
                    Some(aggregator) => aggregator.agg(acc, input)?,
                    None => input,
                };
            } else if let Some(aggregator) = aggregator {
                state.row[index] = aggregator.agg_reversed(acc, input)?;
            }
        }
        Ok(())
    }

    fn retract_with_sequence_group(&mut self, version: &Version, state: &mut State) -> Result<(), String> {
        let mut processed = vec![false; version.row.len()];
        for index in 0..version.row.len() {
            let Some(sequence) = &self.sequences[index] else { continue };
            if processed[index] {
                continue;
            }
            if sequence.iter().all(|field| version.row[*field].is_null()) {
                sequence.iter().for_each(|field| processed[*field] = true);
                continue;
            }
            let (acc, input) = (state.row[index].clone(), version.row[index].clone());
            let aggregator = self.aggregators[index].as_mut();
            if is_newer(sequence, &version.row, &state.row) {
                if sequence.contains(&index) {
                    for field in sequence {
                        if version.kind == 3 && self.partial_delete.contains(field) {
                            state.current_delete = true;
                            state.row = init_row(&self.nullable, &version.row)?;
                            return Ok(());
                        }
                        state.row[*field] = version.row[*field].clone();
                        processed[*field] = true;
                    }
                } else {
                    state.row[index] = match aggregator {
                        Some(aggregator) => aggregator.retract(acc, input)?,
                        None => Value::Null,
                    };
                }
            } else if let Some(aggregator) = aggregator {
                state.row[index] = aggregator.retract(acc, input)?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct State {
    row: Vec<Value>,
    current_delete: bool,
    not_null_column_filled: bool,
    meet_insert: bool,
}

fn is_newer(sequence: &[usize], input: &[Value], row: &[Value]) -> bool {
    let orders = sequence.iter().map(|field| input[*field].nulls_first(&row[*field]));
    orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).is_ge()
}
