//! The words of Tarn's SQL: one dialect and one statement path for every front.

use datafusion::sql::parser::{DFParserBuilder, Statement as DataFusionStatement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

use crate::error::Result;

/// A parsed statement with its own text.
#[derive(Debug, Clone)]
pub struct Statement {
    pub text: String,
    pub body: StatementBody,
}

#[derive(Debug, Clone)]
pub enum StatementBody {
    /// What DataFusion's parser knows.
    Sql(Box<DataFusionStatement>),
}

impl Statement {
    pub(crate) fn to_datafusion(&self) -> DataFusionStatement {
        match &self.body {
            StatementBody::Sql(statement) => (**statement).clone(),
        }
    }
}

/// Parses a script into its statements.
pub fn parse(sql: &str) -> Result<Vec<Statement>> {
    let dialect = PostgreSqlDialect {};
    let mut parser = DFParserBuilder::new(sql).with_dialect(&dialect).build()?;
    let statements = parser.parse_statements()?;
    Ok(statements
        .into_iter()
        .map(|statement| Statement {
            text: statement.to_string(),
            body: StatementBody::Sql(Box::new(statement)),
        })
        .collect())
}
