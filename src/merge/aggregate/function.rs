//! Aggregate functions by name: which there are, for which types, and with which options.
//!
//! The names, checks and defaults are those of Java's `aggregate.factory` package.

use tarn_catalog::schema::SchemaField;
use tarn_catalog::types::{LogicalType, UNBOUNDED_LENGTH};
use tarn_catalog::{Error, Result};

use super::listagg::ListAgg;
use super::nested_update::{NestedKey, NestedUpdate, NullKeys};
use super::number::Arithmetic;
use super::sketch::Sketch;
use crate::merge::options::Options;

/// A function over the values of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Function {
    LastValue,
    LastNonNullValue,
    FirstValue,
    FirstNonNullValue,
    PrimaryKey,
    /// A member of a sequence group that has no function.
    GroupMember,
    /// A sequence column of a sequence group.
    GroupSequence,
    Min,
    Max,
    BoolAnd,
    BoolOr,
    Arithmetic(Arithmetic),
    ListAgg(ListAgg),
    Collect {
        distinct: bool,
    },
    MergeMap,
    MergeMapWithKeyTime {
        time_field: usize,
    },
    NestedUpdate(NestedUpdate),
    NestedPartialUpdate(NestedKey),
    RoaringBitmap32,
    RoaringBitmap64,
    Sketch(Sketch),
}

impl Function {
    /// The function of that name for a column, with the column's options.
    pub(super) fn named(name: &str, column: &SchemaField, options: &Options<'_>) -> Result<Self> {
        let factory = Factory { name, column, options };
        Ok(match name {
            "last_value" => Self::LastValue,
            "last_non_null_value" => Self::LastNonNullValue,
            "first_value" => Self::FirstValue,
            "first_non_null_value" | "first_not_null_value" => Self::FirstNonNullValue,
            "primary-key" => Self::PrimaryKey,
            "min" => factory.ordered(Self::Min)?,
            "max" => factory.ordered(Self::Max)?,
            "bool_and" => factory.boolean(Self::BoolAnd)?,
            "bool_or" => factory.boolean(Self::BoolOr)?,
            "sum" => factory.numeric(Arithmetic::Sum)?,
            "product" => factory.numeric(Arithmetic::Product)?,
            "listagg" => factory.listagg()?,
            "collect" => factory.collect()?,
            "merge_map" => factory.merge_map()?,
            "merge_map_with_keytime" => factory.merge_map_with_key_time()?,
            "nested_update" => factory.nested_update()?,
            "nested_partial_update" => factory.nested_partial_update()?,
            "rbm32" => factory.bytes(Self::RoaringBitmap32)?,
            "rbm64" => factory.bytes(Self::RoaringBitmap64)?,
            "hll_sketch" => factory.bytes(Self::Sketch(Sketch::Hll))?,
            "theta_sketch" => factory.bytes(Self::Sketch(Sketch::Theta))?,
            _ => return Err(factory.unsupported("the aggregate function")),
        })
    }
}

/// What a function is made from.
struct Factory<'a> {
    name: &'a str,
    column: &'a SchemaField,
    options: &'a Options<'a>,
}

impl Factory<'_> {
    fn ordered(&self, function: Function) -> Result<Function> {
        use LogicalType::*;
        let unordered = matches!(
            self.column.data_type,
            Map { .. } | Multiset { .. } | Row { .. } | Array { .. } | Vector { .. } | Variant | Blob
        );
        self.check(!unordered, "values that have an order", function)
    }

    fn boolean(&self, function: Function) -> Result<Function> {
        self.check(self.column.data_type == LogicalType::Boolean, "BOOLEAN", function)
    }

    fn numeric(&self, function: Arithmetic) -> Result<Function> {
        use LogicalType::*;
        let numeric = matches!(
            self.column.data_type,
            TinyInt | SmallInt | Int | BigInt | Float | Double | Decimal { .. }
        );
        self.check(numeric, "a numeric type", Function::Arithmetic(function))
    }

    fn bytes(&self, function: Function) -> Result<Function> {
        let bytes = matches!(self.column.data_type, LogicalType::Varbinary { .. });
        self.check(bytes, "VARBINARY", function)
    }

    fn listagg(&self) -> Result<Function> {
        let text = LogicalType::Varchar { length: UNBOUNDED_LENGTH };
        let delimiter = self.options.field(&self.column.name, "list-agg-delimiter").unwrap_or(",").to_owned();
        let distinct = self.distinct()?;
        self.check(
            self.column.data_type == text,
            "STRING",
            Function::ListAgg(ListAgg { delimiter, distinct }),
        )
    }

    fn collect(&self) -> Result<Function> {
        let list = matches!(self.column.data_type, LogicalType::Array { .. });
        self.check(list, "ARRAY", Function::Collect { distinct: self.distinct()? })
    }

    fn distinct(&self) -> Result<bool> {
        self.options.field_flag(&self.column.name, "distinct")
    }

    fn merge_map(&self) -> Result<Function> {
        match &self.column.data_type {
            LogicalType::Map { key, .. } if !key.is_nested() => Ok(Function::MergeMap),
            LogicalType::Map { .. } => Err(self.unsupported("nested keys in the aggregate function")),
            _ => Err(self.wrong_type("MAP")),
        }
    }

    fn merge_map_with_key_time(&self) -> Result<Function> {
        let LogicalType::Map { key, value, .. } = &self.column.data_type else {
            return Err(self.wrong_type("MAP of ROW"));
        };
        let LogicalType::Row { fields } = value.as_ref() else { return Err(self.wrong_type("MAP of ROW")) };
        if fields.len() < 2 {
            return Err(self.wrong_type("MAP of ROW with two fields or more"));
        }
        if key.is_nested() {
            return Err(self.unsupported("nested keys in the aggregate function"));
        }
        let time_field = match self.options.field(&self.column.name, "ts-field") {
            Some(name) => self.nested_field(fields, name)?,
            None => fields.len() - 1,
        };
        let time_type = &fields[time_field].data_type;
        let text = matches!(time_type, LogicalType::Char { .. } | LogicalType::Varchar { .. });
        self.check(text, "MAP of ROW whose time is text", Function::MergeMapWithKeyTime { time_field })
    }

    fn nested_update(&self) -> Result<Function> {
        let name = &self.column.name;
        let fields = self.nested_rows()?;
        let key = self.nested_key(fields)?;
        let sequence = self.nested_fields(fields, "nested-sequence-field")?;
        if key.is_none() {
            let given = |option: &str| self.options.field(name, option).is_some();
            let dependent = ["nested-key-null-strategy", "nested-sequence-field"];
            if let Some(option) = dependent.into_iter().find(|option| given(option)) {
                return Err(self
                    .options
                    .invalid(format!("'fields.{name}.{option}' needs 'nested-key' as well")));
            }
        }
        if sequence.iter().any(|field| fields[*field].data_type.is_nested()) {
            return Err(self.unsupported("a nested sequence field in the aggregate function"));
        }
        let limit = match self.options.field(name, "count-limit") {
            None => i32::MAX,
            Some(text) => text.trim().parse::<i32>().map_err(|_| {
                self.options
                    .invalid(format!("option 'fields.{name}.count-limit' is '{text}', not a whole number"))
            })?,
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(Function::NestedUpdate(NestedUpdate { key, sequence, limit }))
    }

    fn nested_partial_update(&self) -> Result<Function> {
        match self.nested_key(self.nested_rows()?)? {
            Some(key) => Ok(Function::NestedPartialUpdate(key)),
            None => {
                let name = &self.column.name;
                Err(self.options.invalid(format!("'nested_partial_update' needs 'fields.{name}.nested-key'")))
            }
        }
    }

    /// The fields of the nested table's rows.
    fn nested_rows(&self) -> Result<&[SchemaField]> {
        match &self.column.data_type {
            LogicalType::Array { element, .. } => match element.as_ref() {
                LogicalType::Row { fields } => Ok(fields),
                _ => Err(self.wrong_type("ARRAY of ROW")),
            },
            _ => Err(self.wrong_type("ARRAY of ROW")),
        }
    }

    fn nested_key(&self, fields: &[SchemaField]) -> Result<Option<NestedKey>> {
        let key = self.nested_fields(fields, "nested-key")?;
        let strategy = self.options.field(&self.column.name, "nested-key-null-strategy");
        let nulls = match strategy.map(str::to_ascii_lowercase).as_deref() {
            None | Some("merge") => NullKeys::Merge,
            Some("ignore") => NullKeys::Ignore,
            Some("error") => NullKeys::Error,
            Some(other) => {
                return Err(self.options.invalid(format!("'{other}' is no nested-key-null-strategy")));
            }
        };
        Ok((!key.is_empty()).then_some(NestedKey { fields: key, nulls }))
    }

    fn nested_fields(&self, fields: &[SchemaField], option: &str) -> Result<Vec<usize>> {
        let names = self.options.field_names(&self.column.name, option);
        names.iter().map(|name| self.nested_field(fields, name)).collect()
    }

    fn nested_field(&self, fields: &[SchemaField], name: &str) -> Result<usize> {
        fields.iter().position(|field| field.name == name).ok_or_else(|| {
            self.options.invalid(format!("column {} has no nested field '{name}'", self.column.name))
        })
    }

    fn check(&self, fits: bool, wanted: &str, function: Function) -> Result<Function> {
        if fits { Ok(function) } else { Err(self.wrong_type(wanted)) }
    }

    fn wrong_type(&self, wanted: &str) -> Error {
        let (name, column) = (self.name, &self.column.name);
        self.options.invalid(format!("the aggregate function '{name}' of column {column} needs {wanted}"))
    }

    fn unsupported(&self, what: &str) -> Error {
        let feature = format!("{what} '{}' of column {}", self.name, self.column.name);
        Error::unsupported(self.options.table(), feature)
    }
}
