//! Random tables, options and versions.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use tarn_catalog::merge_rule::{MergeEngine, MergeRule};
use tarn_catalog::schema::{SchemaField, TableSchema};
use tarn_catalog::types::LogicalType;

use super::engines::{AggregateMerge, Outcome, PartialUpdateMerge, Version, deduplicate, first_row};
use super::functions::{Aggregator, Function, Nulls, Numbers};
use super::values::Value;

/// A table with its rule, for the merger and for the oracle.
pub(super) struct Table {
    pub(super) schema: TableSchema,
    pub(super) rule: MergeRule,
    pub(super) engine: Engine,
    /// Columns whose lists have no order that means anything.
    pub(super) unordered: Vec<bool>,
    /// How often a version is a retraction.
    retractions: f64,
}

pub(super) enum Engine {
    Deduplicate { ignore_delete: bool },
    FirstRow { ignore_delete: bool },
    PartialUpdate(PartialUpdateMerge),
    Aggregation(AggregateMerge),
}

impl Engine {
    pub(super) fn merge(&mut self, versions: &[Version]) -> Outcome {
        match self {
            Self::Deduplicate { ignore_delete } => deduplicate(versions, *ignore_delete),
            Self::FirstRow { ignore_delete } => first_row(versions, *ignore_delete),
            Self::PartialUpdate(merge) => merge.merge(versions),
            Self::Aggregation(merge) => merge.merge(versions),
        }
    }

    /// Whether Java may fail over columns of a row that a later column removes.
    pub(super) fn may_fail_halfway(&self) -> bool {
        matches!(self, Self::PartialUpdate(merge) if !merge.partial_delete.is_empty())
    }
}

impl Table {
    pub(super) fn random(rng: &mut StdRng) -> Self {
        let engines = [
            MergeEngine::Deduplicate,
            MergeEngine::FirstRow,
            MergeEngine::PartialUpdate,
            MergeEngine::PartialUpdate,
            MergeEngine::PartialUpdate,
            MergeEngine::Aggregation,
            MergeEngine::Aggregation,
            MergeEngine::Aggregation,
        ];
        let mut builder = Builder::new(*engines.choose(rng).unwrap(), rng);
        let engine = match builder.engine {
            MergeEngine::Deduplicate => Engine::Deduplicate { ignore_delete: builder.ignore_delete(rng) },
            MergeEngine::FirstRow => Engine::FirstRow { ignore_delete: builder.ignore_delete(rng) },
            MergeEngine::PartialUpdate => Engine::PartialUpdate(builder.partial_update(rng)),
            MergeEngine::Aggregation => Engine::Aggregation(builder.aggregation(rng)),
        };
        builder.finish(engine, rng)
    }

    /// The versions of some keys.
    pub(super) fn versions(&self, rng: &mut StdRng) -> Vec<Vec<Version>> {
        let keys = rng.random_range(1..8);
        (0..keys)
            .map(|key| {
                let count = *[1, 2, 2, 3, 3, 4, 6, 9].choose(rng).unwrap();
                (0..count).map(|_| self.version(key, rng)).collect()
            })
            .collect()
    }

    fn version(&self, key: i64, rng: &mut StdRng) -> Version {
        let kind = match rng.random_bool(self.retractions) {
            true => *[1, 3, 3].choose(rng).unwrap(),
            false => *[0, 0, 2].choose(rng).unwrap(),
        };
        let value = |field: &SchemaField, rng: &mut StdRng| match field.name.as_str() {
            "k" => Value::Int(key),
            _ => nullable_value(field.nullable, &field.data_type, rng),
        };
        Version { kind, row: self.schema.fields.iter().map(|field| value(field, rng)).collect() }
    }
}

/// Collects a table's columns and options.
struct Builder {
    engine: MergeEngine,
    fields: Vec<SchemaField>,
    options: BTreeMap<String, String>,
    unordered: Vec<bool>,
    sequence_fields: Vec<usize>,
}

impl Builder {
    fn new(engine: MergeEngine, rng: &mut StdRng) -> Self {
        let mut fields = vec![field("k", LogicalType::Int, false)];
        for index in 0..rng.random_range(1..9) {
            let name = format!("c{index}");
            fields.push(field(&name, types().choose(rng).unwrap().clone(), rng.random_bool(0.95)));
        }
        let unordered = vec![false; fields.len()];
        Self { engine, fields, options: BTreeMap::new(), unordered, sequence_fields: Vec::new() }
    }

    fn finish(self, engine: Engine, rng: &mut StdRng) -> Table {
        let schema = TableSchema {
            id: 0,
            fields: self.fields,
            partition_keys: Vec::new(),
            primary_key: vec!["k".to_owned()],
            options: self.options.clone(),
            comment: None,
        };
        let rule = MergeRule {
            engine: self.engine,
            key: vec![0],
            sequence_fields: self.sequence_fields,
            sequence_descending: false,
            sequence_column: "_SEQUENCE_NUMBER".to_owned(),
            kind_column: "_VALUE_KIND".to_owned(),
            lookup_base: false,
            options: self.options,
        };
        let retractions = *[0.0, 0.1, 0.4].choose(rng).unwrap();
        Table { schema, rule, engine, unordered: self.unordered, retractions }
    }

    fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.options.insert(key.into(), value.into());
    }

    fn ignore_delete(&mut self, rng: &mut StdRng) -> bool {
        let ignore = rng.random_bool(0.4);
        if ignore {
            let keys = ["ignore-delete", "deduplicate.ignore-delete", "first-row.ignore-delete"];
            self.set(*keys.choose(rng).unwrap(), "true");
        }
        ignore
    }

    fn nullable(&self) -> Vec<bool> {
        self.fields.iter().map(|field| field.nullable).collect()
    }

    fn aggregation(&mut self, rng: &mut StdRng) -> AggregateMerge {
        let remove = rng.random_bool(0.3);
        if remove {
            self.set("aggregation.remove-record-on-delete", "true");
        }
        let mut aggregators = vec![Aggregator::new(Function::PrimaryKey, false)];
        for column in 1..self.fields.len() {
            let ignore_retract = !remove && rng.random_bool(0.4);
            if ignore_retract {
                self.set(format!("fields.{}.ignore-retract", self.fields[column].name), "true");
            }
            let function = match rng.random_range(0..10) {
                0 => {
                    self.sequence_fields.push(column);
                    Function::LastValue
                }
                1 => Function::LastNonNullValue,
                _ => self.function(column, rng),
            };
            aggregators.push(Aggregator::new(function, ignore_retract));
        }
        AggregateMerge { aggregators, nullable: self.nullable(), remove_record_on_delete: remove }
    }

    fn partial_update(&mut self, rng: &mut StdRng) -> PartialUpdateMerge {
        let columns = self.fields.len();
        let mut merge = PartialUpdateMerge {
            nullable: Vec::new(),
            ignore_delete: false,
            sequences: vec![None; columns],
            aggregators: vec![None; columns],
            remove_record_on_delete: false,
            partial_delete: Vec::new(),
        };
        if rng.random_bool(0.75) {
            self.sequence_groups(&mut merge, rng);
        }
        let grouped = merge.sequences.iter().any(Option::is_some);
        if grouped && rng.random_bool(0.3) {
            let sequence = merge.sequences.iter().flatten().next().unwrap().clone();
            let field = *sequence.choose(rng).unwrap();
            self.set("partial-update.remove-record-on-sequence-group", self.fields[field].name.clone());
            merge.partial_delete = vec![field];
        } else if rng.random_bool(0.25) {
            self.set("partial-update.ignore-delete", "true");
            merge.ignore_delete = true;
        } else if !grouped && rng.random_bool(0.6) {
            self.set("partial-update.remove-record-on-delete", "true");
            merge.remove_record_on_delete = true;
        }
        if grouped {
            // Members may become null.
            self.fields[1..].iter_mut().for_each(|field| field.nullable = true);
            merge.aggregators[0] = Some(Aggregator::new(Function::PrimaryKey, false));
        }
        merge.nullable = self.nullable();
        merge
    }

    fn sequence_groups(&mut self, merge: &mut PartialUpdateMerge, rng: &mut StdRng) {
        let mut columns: Vec<usize> = (1..self.fields.len()).collect();
        columns.shuffle(rng);
        let default = rng.random_bool(0.2);
        if default {
            self.set("fields.default-aggregate-function", "last_non_null_value");
        }
        for _ in 0..rng.random_range(1..4) {
            let mut sequence: Vec<usize> = Vec::new();
            for _ in 0..rng.random_range(1..3) {
                sequence.extend(columns.pop());
            }
            let members: Vec<usize> = (0..rng.random_range(1..4)).filter_map(|_| columns.pop()).collect();
            if sequence.is_empty() {
                break;
            }
            for column in &sequence {
                let types = [LogicalType::Int, LogicalType::STRING, LogicalType::Double];
                self.fields[*column].data_type = types.choose(rng).unwrap().clone();
                merge.sequences[*column] = Some(sequence.clone());
            }
            for column in &members {
                merge.sequences[*column] = Some(sequence.clone());
                merge.aggregators[*column] = self.member(*column, default, rng);
            }
            let names = |columns: &[usize]| {
                columns.iter().map(|column| self.fields[*column].name.as_str()).collect::<Vec<_>>().join(",")
            };
            let members = if members.is_empty() { names(&sequence) } else { names(&members) };
            self.set(format!("fields.{}.sequence-group", names(&sequence)), members);
        }
        for column in columns.iter().filter(|_| default) {
            merge.aggregators[*column] = Some(Aggregator::new(Function::LastNonNullValue, false));
        }
    }

    fn member(&mut self, column: usize, default: bool, rng: &mut StdRng) -> Option<Aggregator> {
        let function = match rng.random_bool(0.6) {
            true => self.function(column, rng),
            false if default => Function::LastNonNullValue,
            false => return None,
        };
        let ignore_retract = rng.random_bool(0.3);
        if ignore_retract {
            self.set(format!("fields.{}.ignore-retract", self.fields[column].name), "true");
        }
        Some(Aggregator::new(function, ignore_retract))
    }

    /// Gives a column a function that fits its type, with options.
    fn function(&mut self, column: usize, rng: &mut StdRng) -> Function {
        let (name, data_type) = (self.fields[column].name.clone(), self.fields[column].data_type.clone());
        let mut candidates = vec![
            ("last_value", Function::LastValue),
            ("last_non_null_value", Function::LastNonNullValue),
            ("first_value", Function::FirstValue),
            ("first_non_null_value", Function::FirstNonNullValue),
            ("first_not_null_value", Function::FirstNonNullValue),
        ];
        if !data_type.is_nested() {
            candidates.extend([("min", Function::Min), ("max", Function::Max)]);
        }
        // Functions that fit only some types are worth more tries.
        for _ in 0..4 {
            candidates.extend(self.typed_functions(&data_type, rng));
        }
        let (function_name, function) = candidates.choose(rng).unwrap().clone();
        self.set(format!("fields.{name}.aggregate-function"), function_name);
        self.set_options(column, &function);
        function
    }

    fn typed_functions(&self, data_type: &LogicalType, rng: &mut StdRng) -> Vec<(&'static str, Function)> {
        let integer = |least, most| Numbers::Integer { least, most };
        let numbers = match data_type {
            LogicalType::TinyInt => Some(integer(i8::MIN.into(), i8::MAX.into())),
            LogicalType::SmallInt => Some(integer(i16::MIN.into(), i16::MAX.into())),
            LogicalType::Int => Some(integer(i32::MIN.into(), i32::MAX.into())),
            LogicalType::BigInt => Some(integer(i64::MIN, i64::MAX)),
            LogicalType::Float | LogicalType::Double => Some(Numbers::Floating),
            LogicalType::Decimal { precision, scale } => {
                Some(Numbers::Decimal { precision: *precision, scale: *scale as u8 })
            }
            _ => None,
        };
        if let Some(numbers) = numbers {
            return vec![("sum", Function::Sum(numbers)), ("product", Function::Product(numbers))];
        }
        let distinct = rng.random_bool(0.5);
        match data_type {
            LogicalType::Boolean => vec![("bool_and", Function::BoolAnd), ("bool_or", Function::BoolOr)],
            LogicalType::Varchar { .. } => {
                let delimiter = [",", ";", "ab"].choose(rng).unwrap().to_string();
                vec![("listagg", Function::ListAgg { delimiter, distinct })]
            }
            LogicalType::Array { element, .. } => {
                let nested = element.is_nested();
                let bytes = matches!(element.as_ref(), LogicalType::Varbinary { .. });
                let mut functions = vec![("collect", Function::Collect { distinct, bytes, nested })];
                if nested {
                    functions.extend([nested_update(rng), nested_partial_update(rng), nested_update(rng)]);
                }
                functions
            }
            LogicalType::Map { value, .. } if matches!(value.as_ref(), LogicalType::Row { .. }) => vec![
                ("merge_map", Function::MergeMap),
                ("merge_map_with_keytime", Function::MergeMapWithKeyTime { time: rng.random_range(0..2) }),
            ],
            LogicalType::Map { .. } => vec![("merge_map", Function::MergeMap)],
            _ => Vec::new(),
        }
    }

    fn set_options(&mut self, column: usize, function: &Function) {
        let name = self.fields[column].name.clone();
        let mut set = |option: &str, value: String| {
            self.options.insert(format!("fields.{name}.{option}"), value);
        };
        let names =
            |fields: &[usize]| fields.iter().map(|field| format!("n{field}")).collect::<Vec<_>>().join(", ");
        match function {
            Function::ListAgg { delimiter, distinct } => {
                set("list-agg-delimiter", delimiter.clone());
                set("distinct", distinct.to_string());
            }
            Function::Collect { distinct, .. } => {
                set("distinct", distinct.to_string());
                self.unordered[column] = *distinct;
            }
            Function::MergeMapWithKeyTime { time } if *time == 0 => set("ts-field", "n0".to_owned()),
            Function::NestedUpdate { key, sequence, limit, nulls } => {
                set("count-limit", limit.to_string());
                if !key.is_empty() {
                    set("nested-key", names(key));
                    set("nested-key-null-strategy", format!("{nulls:?}"));
                    self.unordered[column] = true;
                }
                if !sequence.is_empty() {
                    set("nested-sequence-field", names(sequence));
                }
            }
            Function::NestedPartialUpdate { key, nulls } => {
                set("nested-key", names(key));
                set("nested-key-null-strategy", format!("{nulls:?}"));
                self.unordered[column] = true;
            }
            _ => {}
        }
    }
}

fn nested_update(rng: &mut StdRng) -> (&'static str, Function) {
    let key = [vec![], vec![0], vec![0, 1]].choose(rng).unwrap().clone();
    let sequence = if key.is_empty() || rng.random_bool(0.5) { Vec::new() } else { vec![2] };
    let nulls = if key.is_empty() { Nulls::Merge } else { null_keys(rng) };
    let limit = *[0, 1, 3, 100].choose(rng).unwrap();
    ("nested_update", Function::NestedUpdate { key, sequence, limit, nulls })
}

fn nested_partial_update(rng: &mut StdRng) -> (&'static str, Function) {
    let key = [vec![0], vec![0, 1]].choose(rng).unwrap().clone();
    ("nested_partial_update", Function::NestedPartialUpdate { key, nulls: null_keys(rng) })
}

fn null_keys(rng: &mut StdRng) -> Nulls {
    *[Nulls::Merge, Nulls::Merge, Nulls::Ignore, Nulls::Ignore, Nulls::Error].choose(rng).unwrap()
}

fn field(name: &str, data_type: LogicalType, nullable: bool) -> SchemaField {
    SchemaField { id: 0, name: name.to_owned(), data_type, nullable, description: None, default_value: None }
}

fn types() -> Vec<LogicalType> {
    use LogicalType::*;
    let array = |element: LogicalType| Array { element: Box::new(element), element_nullable: true };
    let map = |key: LogicalType, value: LogicalType| Map {
        key: Box::new(key),
        value: Box::new(value),
        value_nullable: true,
    };
    let nested = Row {
        fields: vec![
            field("n0", Int, true),
            field("n1", LogicalType::STRING, true),
            field("n2", BigInt, true),
        ],
    };
    let timed =
        Row { fields: vec![field("n0", LogicalType::STRING, true), field("n1", LogicalType::STRING, true)] };
    vec![
        Boolean,
        TinyInt,
        SmallInt,
        Int,
        BigInt,
        Float,
        Double,
        Decimal { precision: 10, scale: 2 },
        Decimal { precision: 20, scale: 3 },
        LogicalType::STRING,
        LogicalType::STRING,
        LogicalType::BYTES,
        Date,
        Timestamp { precision: 3 },
        Timestamp { precision: 6 },
        Timestamp { precision: 9 },
        array(Int),
        array(LogicalType::STRING),
        array(Double),
        array(LogicalType::BYTES),
        array(nested.clone()),
        array(nested.clone()),
        map(LogicalType::STRING, Int),
        map(Double, array(Int)),
        map(LogicalType::STRING, timed),
        nested,
    ]
}

/// Null now and then, which files may have even where the column is NOT NULL by now.
fn nullable_value(nullable: bool, data_type: &LogicalType, rng: &mut StdRng) -> Value {
    let nulls = if nullable { 0.3 } else { 0.01 };
    if rng.random_bool(nulls) { Value::Null } else { random_value(data_type, rng) }
}

/// A value from a small set, so that versions often agree, with some at the edges of the type.
fn random_value(data_type: &LogicalType, rng: &mut StdRng) -> Value {
    let small = rng.random_range(-3..4);
    let edge = rng.random_bool(0.03);
    match data_type {
        LogicalType::Boolean => Value::Bool(rng.random()),
        LogicalType::TinyInt if edge => Value::Int(i8::MIN.into()),
        LogicalType::SmallInt if edge => Value::Int(i16::MAX.into()),
        LogicalType::Int if edge => Value::Int(i32::MIN.into()),
        LogicalType::BigInt if edge => Value::Int(i64::MAX),
        LogicalType::Float => Value::Float(float(rng) as f32),
        LogicalType::Double => Value::Double(float(rng)),
        LogicalType::Decimal { precision, .. } if edge => {
            Value::Decimal(10_i128.pow((*precision).into()) - 1)
        }
        LogicalType::Decimal { .. } => Value::Decimal(i128::from(small) * 125),
        LogicalType::Varchar { .. } => Value::Text(
            ["", " ", "a", "b", "a,b", "c,,a", "é;a", "xaby", "\u{1f600}", "\u{ffee}"]
                .choose(rng)
                .unwrap()
                .to_string(),
        ),
        LogicalType::Varbinary { .. } => Value::Bytes(vec![7; rng.random_range(0..3)]),
        LogicalType::Array { element, .. } => {
            let count = rng.random_range(0..4);
            Value::List((0..count).map(|_| nullable_value(true, element, rng)).collect())
        }
        LogicalType::Map { key, value, .. } => {
            let mut entries: Vec<(Value, Value)> = Vec::new();
            for _ in 0..rng.random_range(0..4) {
                let entry = (random_value(key, rng), nullable_value(true, value, rng));
                if !entries.iter().any(|(present, _)| *present == entry.0) {
                    entries.push(entry);
                }
            }
            Value::Map(entries)
        }
        LogicalType::Row { fields } => Value::Row(
            fields.iter().map(|field| nullable_value(field.nullable, &field.data_type, rng)).collect(),
        ),
        _ => Value::Int(small),
    }
}

fn float(rng: &mut StdRng) -> f64 {
    let negative_nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63);
    *[0.0, -0.0, 1.5, -2.25, 1e30, f64::NAN, negative_nan, f64::INFINITY].choose(rng).unwrap()
}
