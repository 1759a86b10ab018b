//! `current_setting` and `set_config`, which queries call.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::{Settings, value};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::SetScope;

/// The functions of one session.
pub fn functions(settings: &Settings) -> Vec<ScalarUDF> {
    let text = || DataType::Utf8;
    let current = SettingFunction {
        name: "current_setting",
        signature: Signature::one_of(
            vec![TypeSignature::Exact(vec![text()]), TypeSignature::Exact(vec![text(), DataType::Boolean])],
            Volatility::Volatile,
        ),
        settings: settings.clone(),
        run: current_setting,
    };
    let set = SettingFunction {
        name: "set_config",
        signature: Signature::exact(vec![text(), text(), DataType::Boolean], Volatility::Volatile),
        settings: settings.clone(),
        run: set_config,
    };
    vec![current.into(), set.into()]
}

/// One row's arguments as texts; a Boolean is `true` or `false`.
type Arguments = [Option<String>];

/// `current_setting(name, missing_ok)`.
fn current_setting(settings: &Settings, arguments: &Arguments) -> Result<Option<String>> {
    let Some(Some(name)) = arguments.first() else {
        return Ok(None);
    };
    let missing_ok = arguments.get(1).and_then(Option::as_deref).and_then(value::boolean);
    if missing_ok == Some(true) && settings.get(name).is_none() {
        return Ok(None);
    }
    settings.show(name).map(Some)
}

/// `set_config(name, value, is_local)`: a NULL value is the default.
fn set_config(settings: &Settings, arguments: &Arguments) -> Result<Option<String>> {
    let [Some(name), value, local] = arguments else {
        return Err(Error::new(ErrorKind::InvalidParameter, "SET requires parameter name"));
    };
    let local = local.as_deref().and_then(value::boolean).unwrap_or(false);
    let scope = if local { SetScope::Local } else { SetScope::Session };
    match value {
        Some(value) => settings.set_raw(name, value, scope)?,
        None => settings.reset(name, scope)?,
    }
    settings.show(name).map(Some)
}

/// A function over the session's settings, told apart by its name and its session.
#[derive(Debug)]
struct SettingFunction {
    name: &'static str,
    signature: Signature,
    settings: Settings,
    run: fn(&Settings, &Arguments) -> Result<Option<String>>,
}

impl PartialEq for SettingFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.settings.0, &other.settings.0)
    }
}

impl Eq for SettingFunction {}

impl Hash for SettingFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        Arc::as_ptr(&self.settings.0).hash(state);
    }
}

impl ScalarUDFImpl for SettingFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let rows = if arguments.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) {
            1
        } else {
            arguments.number_rows
        };
        let columns = arguments
            .args
            .into_iter()
            .map(|arg| Ok(arrow::compute::cast(&arg.into_array(rows)?, &DataType::Utf8)?))
            .collect::<PlanResult<Vec<ArrayRef>>>()?;
        let mut results = StringBuilder::new();
        for row in 0..rows {
            let texts: Vec<Option<String>> = columns
                .iter()
                .map(|column| column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_string()))
                .collect();
            results.append_option(
                (self.run)(&self.settings, &texts)
                    .map_err(|error| DataFusionError::External(Box::new(error)))?,
            );
        }
        Ok(ColumnarValue::Array(Arc::new(results.finish())))
    }
}
