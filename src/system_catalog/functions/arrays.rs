//! Bounds of arrays. A vector of the catalog (`int2vector`, `oidvector`) begins at 0, others at 1.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::pg::types::TYPE_KEY;
use crate::sql::ARRAY_OF_ROWS;

pub(super) const NAMES: [&str; 4] = ["array_lower", "array_upper", "generate_subscripts", "_pg_expandarray"];

pub(super) fn find(name: &str) -> Option<Arc<ScalarUDF>> {
    let kind = match name {
        "array_lower" => Kind::Lower,
        "array_upper" => Kind::Upper,
        "generate_subscripts" => Kind::Subscripts,
        "_pg_expandarray" => Kind::Expanded,
        ARRAY_OF_ROWS => Kind::OfRows,
        _ => return None,
    };
    Some(Arc::new(ScalarUDF::new_from_impl(Bounds {
        kind,
        signature: Signature::user_defined(Volatility::Immutable),
    })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Lower,
    Upper,
    /// All positions, as a list that is then unnested.
    Subscripts,
    /// All elements with their positions from 1, as a list that is then unnested.
    Expanded,
    /// The rows of a subquery, which a dependent join makes.
    OfRows,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounds {
    kind: Kind,
    signature: Signature,
}

/// The position of the first element.
fn first_position(field: &Field) -> i32 {
    let vector = field.metadata().get(TYPE_KEY).is_some_and(|name| name.ends_with("vector"));
    if vector { 0 } else { 1 }
}

fn pair(item: &DataType) -> Fields {
    vec![Field::new("x", item.clone(), true), Field::new("n", DataType::Int32, true)].into()
}

impl ScalarUDFImpl for Bounds {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Lower => "array_lower",
            Kind::Upper => "array_upper",
            Kind::Subscripts => "generate_subscripts",
            Kind::Expanded => "_pg_expandarray",
            Kind::OfRows => ARRAY_OF_ROWS,
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let list = |item| Ok(DataType::List(Arc::new(Field::new_list_field(item, true))));
        match (self.kind, arguments.first()) {
            (Kind::Lower | Kind::Upper, _) => Ok(DataType::Int32),
            (Kind::Subscripts, _) => list(DataType::Int32),
            (Kind::OfRows, Some(item)) => list(item.clone()),
            (Kind::OfRows, None) => plan_err!("ARRAY takes a subquery"),
            (Kind::Expanded, Some(DataType::List(item))) => list(DataType::Struct(pair(item.data_type()))),
            (Kind::Expanded, _) => plan_err!("_pg_expandarray takes an array"),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> =
            arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, true)))
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if self.kind == Kind::OfRows {
            return Ok(given.to_vec());
        }
        let count = if self.kind == Kind::Expanded { 1 } else { 2 };
        let array = match given.first() {
            Some(array @ DataType::List(_)) if given.len() == count => array.clone(),
            Some(DataType::LargeList(item) | DataType::FixedSizeList(item, _)) if given.len() == count => {
                DataType::List(Arc::clone(item))
            }
            _ => return plan_err!("function {} takes an array and a dimension", self.name()),
        };
        Ok([array, DataType::Int64].into_iter().take(count).collect())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.kind == Kind::OfRows {
            return exec_err!("ARRAY of a subquery cannot stand here");
        }
        let rows = arguments.number_rows;
        let arrays =
            arguments.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let (Some(list), Some(field)) =
            (arrays.first().and_then(|array| array.as_list_opt::<i32>()), arguments.arg_fields.first())
        else {
            return exec_err!("{} takes an array", self.name());
        };
        let first = first_position(field);
        let counted = |row: usize| {
            let dimension = arrays.get(1).map_or(Some(1), |dimensions| {
                let dimensions = dimensions.as_primitive::<Int64Type>();
                dimensions.is_valid(row).then(|| dimensions.value(row))
            });
            // Arrays have one dimension here, and an empty one has none.
            let length = if list.is_valid(row) { list.value_length(row) } else { 0 };
            (dimension == Some(1) && length > 0).then_some(length)
        };
        let array: ArrayRef = match self.kind {
            Kind::Lower => Arc::new((0..rows).map(|row| counted(row).map(|_| first)).collect::<Int32Array>()),
            Kind::Upper => {
                Arc::new((0..rows).map(|row| counted(row).map(|n| first + n - 1)).collect::<Int32Array>())
            }
            Kind::Subscripts => subscripts(rows, first, counted)?,
            Kind::Expanded | Kind::OfRows => expanded(list)?,
        };
        Ok(ColumnarValue::Array(array))
    }
}

fn subscripts(rows: usize, first: i32, counted: impl Fn(usize) -> Option<i32>) -> Result<ArrayRef> {
    let lengths: Vec<i32> = (0..rows).map(|row| counted(row).unwrap_or_default()).collect();
    let positions: Int32Array = lengths.iter().flat_map(|length| first..first + length).collect();
    let offsets =
        OffsetBuffer::from_lengths(lengths.iter().map(|length| usize::try_from(*length).unwrap_or(0)));
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(positions), None)?))
}

fn expanded(list: &ListArray) -> Result<ArrayRef> {
    let lengths = (0..list.len()).map(|row| if list.is_valid(row) { list.value(row).len() } else { 0 });
    let lengths: Vec<usize> = lengths.collect();
    let rows: Vec<ArrayRef> =
        (0..list.len()).filter(|row| list.is_valid(*row)).map(|row| list.value(row)).collect();
    let parts: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
    let fields = pair(&list.value_type());
    let elements = match parts.as_slice() {
        [] => arrow::array::new_empty_array(&list.value_type()),
        parts => arrow::compute::concat(parts)?,
    };
    let positions: Int32Array =
        lengths.iter().flat_map(|length| 1..=i32::try_from(*length).unwrap_or(i32::MAX)).collect();
    let pairs = StructArray::try_new(fields.clone(), vec![elements, Arc::new(positions)], None)?;
    let item = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
    let nulls: Option<NullBuffer> = list.nulls().cloned();
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), Arc::new(pairs), nulls)?))
}
