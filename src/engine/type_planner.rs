//! Types of Postgres that sqlparser or DataFusion does not know by name: `oid`, `name`, `"char"`, `uuid`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType as SqlType, ObjectNamePart};

use crate::error::{Error, ErrorKind};
use crate::pg::TYPE_KEY;
use crate::system_catalog;

#[derive(Debug)]
pub(super) struct PgTypePlanner;

impl TypePlanner for PgTypePlanner {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let array = |item: &SqlType| match self.plan_type_field(item)? {
            Some(item) => {
                let item = Arc::new(item.as_ref().clone().with_name("item"));
                Ok(Some(Arc::new(Field::new("", DataType::List(item), true))))
            }
            None => Ok(None),
        };
        match sql_type {
            SqlType::Custom(name, modifiers) => {
                let parts: Vec<String> =
                    name.0.iter().filter_map(ObjectNamePart::as_ident).map(crate::sql::fold).collect();
                let known = system_catalog::type_field(&parts);
                let unknown = || {
                    let error =
                        Error::new(ErrorKind::UndefinedObject, format!("type \"{name}\" does not exist"));
                    DataFusionError::External(Box::new(error))
                };
                match known {
                    Some(field) if modifiers.is_empty() => Ok(Some(Arc::new(field))),
                    _ => Err(unknown()),
                }
            }
            SqlType::Uuid => {
                let metadata = [(TYPE_KEY.to_owned(), "uuid".to_owned())];
                let field = Field::new("", DataType::Utf8View, true).with_metadata(metadata.into());
                Ok(Some(Arc::new(field)))
            }
            SqlType::Array(ArrayElemTypeDef::SquareBracket(item, None))
                if matches!(**item, SqlType::Custom(..)) =>
            {
                array(item)
            }
            _ => Ok(None),
        }
    }
}
