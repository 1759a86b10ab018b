//! Casts to `varchar(n)` and `char(n)` cut what is longer, as Postgres's do. The spaces that fill a
//! `char(n)` mean nothing: values are kept without them, and get them where they are sent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::pg::types::{TYPE_KEY, TYPMOD_HEADER, TYPMOD_KEY};

/// The name of the function that cuts.
pub(super) const NAME: &str = "cut to length";

/// Puts what cuts around a cast to a type of a length.
pub(super) fn with_length(cast: Cast) -> Result<Transformed<Expr>> {
    let said = |key: &str| cast.field.metadata().get(key).map(String::as_str);
    let trims = match said(TYPE_KEY) {
        Some("bpchar") => true,
        Some("varchar") => false,
        _ => return Ok(Transformed::no(Expr::Cast(cast))),
    };
    let typmod = said(TYPMOD_KEY).and_then(|typmod| typmod.parse::<i32>().ok());
    let Some(length) = typmod.and_then(|typmod| usize::try_from(typmod - TYPMOD_HEADER).ok()) else {
        return Ok(Transformed::no(Expr::Cast(cast)));
    };
    let text = Expr::Cast(Cast::new(cast.expr, DataType::Utf8View));
    let signature = Signature::any(1, Volatility::Immutable);
    let func = Arc::new(ScalarUDF::from(Cut { length, trims, field: cast.field, signature }));
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: vec![text] })))
}

#[derive(Debug, PartialEq, Eq)]
struct Cut {
    /// In characters.
    length: usize,
    /// Whether spaces at the end count for nothing.
    trims: bool,
    field: FieldRef,
    signature: Signature,
}

impl Hash for Cut {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.length, self.trims).hash(state);
    }
}

impl Cut {
    fn cut<'a>(&self, text: &'a str) -> &'a str {
        let kept = match text.char_indices().nth(self.length) {
            Some((end, _)) => text.get(..end).unwrap_or(text),
            None => text,
        };
        if self.trims { kept.trim_end_matches(' ') } else { kept }
    }
}

impl ScalarUDFImpl for Cut {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        let field = Field::new(NAME, DataType::Utf8View, nullable);
        Ok(Arc::new(field.with_metadata(self.field.metadata().clone())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Utf8View(text))] => {
                let text = text.as_deref().map(|text| self.cut(text).to_owned());
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(text)))
            }
            [ColumnarValue::Array(array)] if array.data_type() == &DataType::Utf8View => {
                let texts = array.as_string_view().iter().map(|text| text.map(|text| self.cut(text)));
                let cut: ArrayRef = Arc::new(texts.collect::<StringViewArray>());
                Ok(ColumnarValue::Array(cut))
            }
            _ => Err(DataFusionError::Internal("only texts are cut".to_owned())),
        }
    }
}
