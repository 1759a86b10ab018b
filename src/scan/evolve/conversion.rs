//! How to turn one column of a file into a column of the table, worked out once for each file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, FieldRef, Fields};
use arrow::error::ArrowError;
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FieldLookup;
use tarn_catalog::types::{LogicalType, UNBOUNDED_LENGTH};

use super::error::{CastError, CastResult};
use super::leaf::cast_leaf;
use super::list_parts::list_parts;
use super::lookup::{check_ids, find_field};
use super::represent::{Form, arrow_cast};
use super::type_name::TypeName;

/// The longest CHAR or BINARY that values are padded to.
const LONGEST_PADDING: u32 = 1 << 24;

/// The way from a physical array of the type `from` to an array of `to` in Tarn's form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversion {
    step: Step,
    target: DataType,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    /// The array is what is wanted.
    Keep,
    /// The same values in another form.
    Represent {
        form: Form,
        ty: LogicalType,
    },
    /// Another type; the form is changed first.
    Cast {
        form: Form,
        from: LogicalType,
        to: LogicalType,
    },
    /// A nested value whose parts are changed and put together again.
    Row {
        children: Vec<Child>,
        fields: Fields,
    },
    List {
        element: Box<Conversion>,
        field: FieldRef,
    },
    Map {
        key: Box<Conversion>,
        value: Box<Conversion>,
        entries: FieldRef,
    },
    /// A list whose elements are changed and whose length is fixed.
    Vector {
        list: Box<Conversion>,
    },
    /// A nested value brought to the form of its own type and then cast as a whole.
    Then {
        first: Box<Conversion>,
        from: LogicalType,
        to: LogicalType,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Child {
    /// The file has no such field: NULLs.
    Missing(DataType),
    /// The field at this place of the physical struct.
    At(usize, Conversion),
}

impl Conversion {
    /// Plans the way from `physical`, which holds values of type `from`, to `to`.
    ///
    /// Fields of rows are matched by id, and found in `physical` as `lookup` says.
    pub fn plan(
        physical: &DataType,
        from: &LogicalType,
        to: &LogicalType,
        lookup: FieldLookup,
    ) -> CastResult<Self> {
        use LogicalType as T;
        let step = match (from, to) {
            (T::Row { fields: from }, T::Row { fields: to }) => plan_row(physical, from, to, lookup)?,
            (T::Array { element: from, .. }, T::Array { element: to_element, .. }) => {
                plan_list(physical, from, to_element, &to.arrow(), lookup)?
            }
            (T::Map { key, value, .. }, T::Map { key: to_key, value: to_value, .. }) => {
                if key != to_key {
                    return Err(CastError::unsupported(from, to));
                }
                plan_map(physical, (key, value), (to_key, to_value), &to.arrow(), lookup)?
            }
            (T::Multiset { element }, T::Multiset { element: to_element }) if element == to_element => {
                plan_map(physical, (element, &T::Int), (element, &T::Int), &to.arrow(), lookup)?
            }
            (T::Vector { element, length }, T::Vector { element: to_element, length: to_length })
                if element == to_element && length == to_length =>
            {
                let list = T::Array { element: element.clone(), element_nullable: true };
                let list = Self::plan(physical, &list, &list, lookup)?;
                Step::Vector { list: Box::new(list) }
            }
            (T::Variant, T::Variant) => plan_variant(physical)?,
            _ if from.is_nested() => plan_nested_to_leaf(physical, from, to, lookup)?,
            _ => plan_leaf(physical, from, to)?,
        };
        let target = to.arrow();
        // Whatever the parts say, an array of the right type that needs no cast stays as it is.
        let step = if *physical == target && !step.casts() { Step::Keep } else { step };
        Ok(Self { step, target })
    }

    /// The type of the result.
    pub fn target(&self) -> &DataType {
        &self.target
    }

    /// Whether the array passes through untouched.
    pub fn keeps(&self) -> bool {
        self.step == Step::Keep
    }

    /// Whether Arrow's own cast to [`Self::target`] does the same, keeps the order of values, and may
    /// be reversed on constants that it is compared with: text and bytes as views, integers and
    /// floats widened, decimals with more digits before the point.
    ///
    /// Timestamps are left out: DataFusion moves their casts to the constant's side even where the
    /// constant then loses digits.
    pub fn is_plain_widening(&self, physical: &DataType) -> bool {
        use DataType as D;
        match (&self.step, physical, &self.target) {
            (Step::Represent { form: Form::Arrow(_), .. }, D::Utf8 | D::LargeUtf8, D::Utf8View)
            | (Step::Represent { form: Form::Arrow(_), .. }, D::Binary | D::LargeBinary, D::BinaryView) => {
                true
            }
            (Step::Cast { form: Form::Same, .. }, from, to) => match (from, to) {
                (D::Int8, D::Int16 | D::Int32 | D::Int64)
                | (D::Int16, D::Int32 | D::Int64)
                | (D::Int32, D::Int64)
                | (D::Float32, D::Float64) => true,
                (D::Decimal128(digits, scale), D::Decimal128(more_digits, same_scale)) => {
                    scale == same_scale && digits <= more_digits
                }
                _ => false,
            },
            _ => false,
        }
    }

    pub fn apply(&self, array: &ArrayRef) -> CastResult<ArrayRef> {
        match &self.step {
            Step::Keep => Ok(Arc::clone(array)),
            Step::Represent { form, ty } => form.apply(array, ty),
            Step::Cast { form, from, to } => cast_leaf(&form.apply(array, from)?, from, to),
            Step::Row { children, fields } => apply_row(array, children, fields),
            Step::List { element, field } => apply_list(array, element, field),
            Step::Map { key, value, entries } => apply_map(array, key, value, entries),
            Step::Vector { list } => arrow_cast(&list.apply(array)?, &self.target),
            Step::Then { first, from, to } => cast_leaf(&first.apply(array)?, from, to),
        }
    }
}

impl Step {
    /// Whether a value may change, or NULLs be put in for what the file lacks.
    fn casts(&self) -> bool {
        match self {
            Self::Keep | Self::Represent { .. } => false,
            Self::Cast { .. } | Self::Then { .. } => true,
            Self::Row { children, .. } => children.iter().enumerate().any(|(index, child)| match child {
                Child::Missing(_) => true,
                Child::At(place, conversion) => *place != index || conversion.step.casts(),
            }),
            Self::List { element, .. } => element.step.casts(),
            Self::Map { key, value, .. } => key.step.casts() || value.step.casts(),
            Self::Vector { list } => list.step.casts(),
        }
    }
}

fn plan_leaf(physical: &DataType, from: &LogicalType, to: &LogicalType) -> CastResult<Step> {
    use LogicalType as T;
    if from == to || is_same_range(from, to) {
        return Ok(Step::Represent { form: Form::plan(physical, to)?, ty: to.clone() });
    }
    if let T::Char { length } | T::Binary { length } = to
        && *length > LONGEST_PADDING
    {
        return Err(CastError::Form(format!("padding values to {}", TypeName(to))));
    }
    // Casts read timestamps in any form, also those that Tarn's own cannot hold.
    let is_timestamp = matches!(from, T::Timestamp { .. } | T::TimestampLtz { .. });
    let form = match Form::plan(physical, from)? {
        Form::Unit | Form::Zone(_) if is_timestamp => Form::Same,
        form => form,
    };
    let step = Step::Cast { form, from: from.clone(), to: to.clone() };
    // Casting nothing tells whether there is a rule.
    cast_leaf(&arrow::array::new_empty_array(&from.arrow()), from, to)?;
    Ok(step)
}

/// Whether each value of `from` is a value of `to` as it stands.
fn is_same_range(from: &LogicalType, to: &LogicalType) -> bool {
    use LogicalType as T;
    match (from, to) {
        (T::Char { length } | T::Varchar { length }, T::Varchar { length: longer })
        | (T::Binary { length } | T::Varbinary { length }, T::Varbinary { length: longer }) => {
            length <= longer || *longer == UNBOUNDED_LENGTH
        }
        _ => false,
    }
}

fn plan_row(
    physical: &DataType,
    from: &[SchemaField],
    to: &[SchemaField],
    lookup: FieldLookup,
) -> CastResult<Step> {
    let DataType::Struct(stored) = physical else {
        return Err(CastError::Physical(format!("the file stores a row as {physical}")));
    };
    check_ids(stored, lookup)?;
    let children =
        to.iter().map(|wanted| plan_child(stored, from, wanted, lookup)).collect::<CastResult<_>>()?;
    Ok(Step::Row { children, fields: to.iter().map(SchemaField::arrow).collect() })
}

fn plan_child(
    stored: &Fields,
    from: &[SchemaField],
    wanted: &SchemaField,
    lookup: FieldLookup,
) -> CastResult<Child> {
    let written = from.iter().find(|field| field.id == wanted.id);
    let place = written.and_then(|field| Some((field, find_field(stored, field, lookup)?)));
    let Some((written, place)) = place else {
        return Ok(Child::Missing(wanted.data_type.arrow()));
    };
    let physical = stored[place].data_type();
    let conversion = Conversion::plan(physical, &written.data_type, &wanted.data_type, lookup)?;
    Ok(Child::At(place, conversion))
}

fn plan_list(
    physical: &DataType,
    from: &LogicalType,
    to: &LogicalType,
    target: &DataType,
    lookup: FieldLookup,
) -> CastResult<Step> {
    let (DataType::List(stored) | DataType::LargeList(stored) | DataType::FixedSizeList(stored, _)) =
        physical
    else {
        return Err(CastError::Physical(format!("the file stores a list as {physical}")));
    };
    let DataType::List(field) = target else {
        return Err(CastError::Physical(format!("{target} is no list")));
    };
    let element = Conversion::plan(stored.data_type(), from, to, lookup)?;
    Ok(Step::List { element: Box::new(element), field: Arc::clone(field) })
}

fn plan_map(
    physical: &DataType,
    (key, value): (&LogicalType, &LogicalType),
    (to_key, to_value): (&LogicalType, &LogicalType),
    target: &DataType,
    lookup: FieldLookup,
) -> CastResult<Step> {
    let stored = match physical {
        DataType::Map(entries, _) | DataType::List(entries) => entries.data_type(),
        other => other,
    };
    let (DataType::Struct(parts), DataType::Map(entries, _)) = (stored, target) else {
        return Err(CastError::Physical(format!("the file stores a map as {physical}")));
    };
    let [stored_key, stored_value] = &parts[..] else {
        return Err(CastError::Physical(format!("the entries of a map have {} parts", parts.len())));
    };
    Ok(Step::Map {
        key: Box::new(Conversion::plan(stored_key.data_type(), key, to_key, lookup)?),
        value: Box::new(Conversion::plan(stored_value.data_type(), value, to_value, lookup)?),
        entries: Arc::clone(entries),
    })
}

/// A variant is a row of two binary fields, found by name. One that is shredded has a third.
fn plan_variant(physical: &DataType) -> CastResult<Step> {
    let DataType::Struct(stored) = physical else {
        return Err(CastError::Physical(format!("the file stores a variant as {physical}")));
    };
    if stored.iter().any(|field| field.name() == "typed_value") {
        return Err(CastError::Form("a shredded variant".to_owned()));
    }
    let DataType::Struct(fields) = LogicalType::Variant.arrow() else {
        return Err(CastError::Physical("a variant is no row".to_owned()));
    };
    let children = fields
        .iter()
        .map(|field| {
            let (place, stored) = stored
                .find(field.name())
                .ok_or_else(|| CastError::Physical(format!("a variant has no part {}", field.name())))?;
            let bytes = LogicalType::BYTES;
            Ok(Child::At(place, Conversion::plan(stored.data_type(), &bytes, &bytes, FieldLookup::ByName)?))
        })
        .collect::<CastResult<_>>()?;
    Ok(Step::Row { children, fields })
}

/// Only text can be made of a whole array, map or row.
fn plan_nested_to_leaf(
    physical: &DataType,
    from: &LogicalType,
    to: &LogicalType,
    lookup: FieldLookup,
) -> CastResult<Step> {
    cast_leaf(&arrow::array::new_empty_array(&from.arrow()), from, to)?;
    let first = Conversion::plan(physical, from, from, lookup)?;
    Ok(Step::Then { first: Box::new(first), from: from.clone(), to: to.clone() })
}

fn apply_row(array: &ArrayRef, children: &[Child], fields: &Fields) -> CastResult<ArrayRef> {
    let row = array.as_struct_opt().ok_or_else(|| super::leaf::mismatch(array))?;
    // A row of which the file has no wanted field is null, as the Java reader has it.
    if !children.is_empty() && children.iter().all(|child| matches!(child, Child::Missing(_))) {
        return Ok(new_null_array(&DataType::Struct(fields.clone()), row.len()));
    }
    let columns = children
        .iter()
        .map(|child| match child {
            Child::Missing(data_type) => Ok(new_null_array(data_type, row.len())),
            Child::At(place, conversion) => {
                let column = row.columns().get(*place).ok_or_else(|| super::leaf::mismatch(array))?;
                conversion.apply(column)
            }
        })
        .collect::<CastResult<Vec<_>>>()?;
    let nulls = row.nulls().cloned();
    let row = StructArray::try_new_with_length(fields.clone(), columns, nulls, row.len()).map_err(unfit)?;
    Ok(Arc::new(row))
}

fn unfit(error: ArrowError) -> CastError {
    CastError::Physical(error.to_string())
}

fn apply_list(array: &ArrayRef, element: &Conversion, field: &FieldRef) -> CastResult<ArrayRef> {
    let (offsets, values, nulls) = list_parts(array)?;
    let values = element.apply(&values)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(unfit)?))
}

fn apply_map(
    array: &ArrayRef,
    key: &Conversion,
    value: &Conversion,
    entries: &FieldRef,
) -> CastResult<ArrayRef> {
    let (offsets, pairs, nulls) = list_parts(array)?;
    let pairs = pairs.as_struct_opt().ok_or_else(|| super::leaf::mismatch(array))?;
    let [keys, values] = pairs.columns() else {
        return Err(super::leaf::mismatch(array));
    };
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(super::leaf::mismatch(array));
    };
    let columns = vec![key.apply(keys)?, value.apply(values)?];
    let pairs = StructArray::try_new(fields.clone(), columns, None).map_err(unfit)?;
    let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, false).map_err(unfit)?;
    Ok(Arc::new(map))
}

/// Casts an array of a type to another type, as a change of the table's schema asks.
///
/// The array may have any Arrow form of `from`; the result has Tarn's form of `to`.
pub fn cast_array(array: &ArrayRef, from: &LogicalType, to: &LogicalType) -> CastResult<ArrayRef> {
    Conversion::plan(array.data_type(), from, to, FieldLookup::ByName)?.apply(array)
}

#[cfg(test)]
mod tests;
