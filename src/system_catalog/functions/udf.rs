//! Functions as DataFusion calls them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use async_trait::async_trait;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Body, Function, Nulls};
use crate::system_catalog::cell::{Cell, array_of};
use crate::system_catalog::definitions::field;
use crate::system_catalog::relation::external;
use crate::system_catalog::view::CatalogView;

/// Rows of a function that opens tables that are computed at once.
const ROWS_AT_ONCE: usize = 32;

/// A function for one statement.
pub(super) fn of(function: &Function, view: &Arc<CatalogView>) -> ScalarUDF {
    let signature = match function.body {
        Body::Plain(_) => Signature::user_defined(Volatility::Stable),
        Body::Acting(_) => Signature::user_defined(Volatility::Volatile),
        // Nothing may try to compute it while the statement is planned.
        Body::Opening(_) => Signature::one_of(exact(function), Volatility::Volatile),
    };
    let made = SystemFunction { function: *function, view: Arc::clone(view), signature };
    match function.body {
        Body::Plain(_) | Body::Acting(_) => ScalarUDF::new_from_impl(made),
        Body::Opening(_) => AsyncScalarUDF::new(Arc::new(made)).into_scalar_udf(),
    }
}

/// What a function takes, in types of Arrow: DataFusion asks an asynchronous one for no more, and gives
/// it no number that is wider. A literal is a wide one until all is planned.
fn exact(function: &Function) -> Vec<TypeSignature> {
    let as_named = |name: &str| field("", name).data_type().clone();
    let as_written = |name: &str| match name {
        "regclass" => DataType::Utf8,
        name => as_named(name),
    };
    let wide = |name: &str| match name {
        "int4" => DataType::Int64,
        name => as_named(name),
    };
    let forms: [&dyn Fn(&str) -> DataType; 3] = [&as_named, &as_written, &wide];
    let taken = function
        .takes
        .iter()
        .flat_map(|takes| forms.map(|form| takes.iter().map(|name| form(name)).collect::<Vec<DataType>>()));
    let mut types: Vec<Vec<DataType>> = taken.collect();
    types.dedup();
    types.into_iter().map(TypeSignature::Exact).collect()
}

struct SystemFunction {
    function: Function,
    view: Arc<CatalogView>,
    signature: Signature,
}

impl std::fmt::Debug for SystemFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemFunction").field("name", &self.function.name).finish_non_exhaustive()
    }
}

impl PartialEq for SystemFunction {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name && Arc::ptr_eq(&self.view, &other.view)
    }
}

impl Eq for SystemFunction {}

impl Hash for SystemFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
        Arc::as_ptr(&self.view).hash(state);
    }
}

impl ScalarUDFImpl for SystemFunction {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(field("", self.function.gives).data_type().clone())
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(field(self.function.name, self.function.gives)))
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let fitting = self.function.takes.iter().filter(|takes| takes.len() == given.len());
        let coerced = fitting.map(|takes| {
            let types = takes.iter().zip(given).map(|(wanted, given)| coerce(wanted, given));
            types.collect::<Option<Vec<(u8, DataType)>>>()
        });
        let best =
            coerced.flatten().max_by_key(|types| types.iter().map(|(fit, _)| u32::from(*fit)).sum::<u32>());
        match best {
            Some(types) => Ok(types.into_iter().map(|(_, data_type)| data_type).collect()),
            None => {
                let given: Vec<String> = given.iter().map(ToString::to_string).collect();
                plan_err!("function {}({}) does not exist", self.function.name, given.join(", "))
            }
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Body::Plain(body) | Body::Acting(body)) = self.function.body else {
            return plan_err!("{} cannot be computed here", self.function.name);
        };
        let (rows, constant) = rows(&arguments)?;
        let compute = |row: Vec<Cell>| match self.is_null(&row) {
            true => Ok(Cell::Null),
            false => body(&self.view, &row).map_err(external),
        };
        let cells = rows.into_iter().map(compute).collect::<Result<Vec<Cell>>>()?;
        result(&cells, &arguments.return_field, constant)
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for SystemFunction {
    async fn invoke_async_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Body::Opening(body) = self.function.body else {
            return plan_err!("{} opens nothing", self.function.name);
        };
        let (rows, constant) = rows(&arguments)?;
        let compute = async |row: Vec<Cell>| match self.is_null(&row) {
            true => Ok(Cell::Null),
            false => body(&self.view, &row).await.map_err(external),
        };
        let cells: Vec<Cell> = stream::iter(rows).map(compute).buffered(ROWS_AT_ONCE).try_collect().await?;
        result(&cells, &arguments.return_field, constant)
    }
}

impl SystemFunction {
    fn is_null(&self, row: &[Cell]) -> bool {
        self.function.nulls == Nulls::Strict && row.contains(&Cell::Null)
    }
}

/// The arguments row by row, and whether they are the same for all rows.
fn rows(arguments: &ScalarFunctionArgs) -> Result<(Vec<Vec<Cell>>, bool)> {
    let constant = arguments.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let count = if constant { 1 } else { arguments.number_rows };
    let columns = arguments.args.iter().map(|arg| arg.to_array(count)).collect::<Result<Vec<ArrayRef>>>()?;
    let cell = |column: &ArrayRef, row: usize| {
        Cell::of(column, row).ok_or_else(|| {
            DataFusionError::Plan(format!("no system function takes a value of type {}", column.data_type()))
        })
    };
    let rows = (0..count).map(|row| columns.iter().map(|column| cell(column, row)).collect());
    Ok((rows.collect::<Result<_>>()?, constant))
}

fn result(cells: &[Cell], field: &Field, constant: bool) -> Result<ColumnarValue> {
    let array = array_of(cells, field.data_type())?;
    if constant {
        // `try_from_array` would forget what the field of the items says.
        let scalar = match array.as_list_opt::<i32>() {
            Some(list) => ScalarValue::List(Arc::new(list.clone())),
            None => ScalarValue::try_from_array(&array, 0)?,
        };
        return Ok(ColumnarValue::Scalar(scalar));
    }
    Ok(ColumnarValue::Array(array))
}

/// How well a type fits what is wanted, and the type that is then passed.
fn coerce(wanted: &str, given: &DataType) -> Option<(u8, DataType)> {
    let target = field("", wanted).data_type().clone();
    let is_text = matches!(given, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_list = matches!(given, DataType::List(_));
    match wanted {
        "any" => Some((1, given.clone())),
        // A name is looked up by the function itself.
        "regclass" if is_text => Some((1, DataType::Utf8)),
        _ if *given == DataType::Null => Some((1, target)),
        _ if *given == target => Some((3, target)),
        _ if is_text && target == DataType::Utf8 => Some((2, target)),
        _ if is_list && matches!(target, DataType::List(_)) => Some((2, target)),
        _ if given.is_integer() && target.is_integer() => Some((2, target)),
        _ if given.is_numeric() && target.is_floating() => Some((1, target)),
        // A literal without a type can be anything.
        _ if is_text && target.is_integer() => Some((0, target)),
        _ if is_text && target == DataType::Boolean => Some((0, target)),
        _ => None,
    }
}
