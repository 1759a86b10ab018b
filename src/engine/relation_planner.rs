//! What stands in FROM: versions and options are planned here, and what DataFusion would pass over
//! in silence is refused.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::sql::sqlparser::ast::{ObjectName, TableFactor};

use super::query_tables::{QueryTables, no_versions};
use super::table_changes;
use crate::error::{Error, ErrorKind};

/// Plans table names that carry a version; leaves the others to DataFusion.
#[derive(Debug)]
pub(super) struct LakeRelationPlanner {
    tables: Arc<QueryTables>,
}

impl LakeRelationPlanner {
    pub fn new(tables: Arc<QueryTables>) -> Self {
        Self { tables }
    }
}

impl RelationPlanner for LakeRelationPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        refuse_ignored(&relation)?;
        if let Some(arguments) = table_changes::arguments(&relation) {
            let source = self.tables.changes(&arguments).map_err(external)?;
            let plan = LogicalPlanBuilder::scan(table_changes::NAME, source, None)?.build()?;
            let alias = if let TableFactor::Table { alias, .. } = relation { alias } else { None };
            return Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))));
        }
        let TableFactor::Table { name, alias, args, version: Some(version), .. } = &relation else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        if args.is_some() {
            return Err(external(no_versions(&name.to_string(), "a function")));
        }
        let reference = context.object_name_to_table_reference(name.clone())?;
        let source = self.tables.source(&reference.to_vec(), Some(version)).map_err(external)?;
        let plan = LogicalPlanBuilder::scan(reference, source, None)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias.clone()))))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Clauses that DataFusion's planner matches with `..`: to ignore them would give other rows than
/// were asked for.
fn refuse_ignored(relation: &TableFactor) -> Result<()> {
    let ignored = match relation {
        TableFactor::Table {
            with_hints,
            sample,
            partitions,
            json_path,
            index_hints,
            with_ordinality,
            ..
        } => [
            (sample.is_some(), "TABLESAMPLE"),
            (*with_ordinality, "WITH ORDINALITY"),
            (!with_hints.is_empty() || !index_hints.is_empty(), "a table hint"),
            (!partitions.is_empty(), "PARTITION"),
            (json_path.is_some(), "a path"),
        ]
        .into_iter()
        .find_map(|(present, clause)| present.then_some(clause)),
        TableFactor::Derived { sample: Some(_), .. } => Some("TABLESAMPLE"),
        TableFactor::Function { with_ordinality: true, .. } => Some("WITH ORDINALITY"),
        _ => None,
    };
    match ignored {
        None => Ok(()),
        Some(clause) => Err(external(Error::new(
            ErrorKind::Unsupported,
            format!("{clause} after {} is not supported", name_of(relation)),
        ))),
    }
}

fn name_of(relation: &TableFactor) -> String {
    let quoted = |name: &ObjectName| format!("\"{name}\"");
    match relation {
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => quoted(name),
        _ => "a subquery".to_owned(),
    }
}
