//! `tableoid`: a column that every table of Postgres has and no wildcard gives. Rows of the system catalog
//! have one here: the identifier of the relation that they come from.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Ident, ObjectName, Query, Select, TableFactor, TableWithJoins, Value, VisitMut,
    VisitorMut,
};

const NAME: &str = "tableoid";

/// Says which relation is meant, wherever the name of the column stands in a SELECT.
pub(super) fn table_identifiers(select: &mut Select) {
    let relations: Vec<(String, String)> = select.from.iter().flat_map(relations).collect();
    if relations.is_empty() {
        return;
    }
    let alone = select.from.iter().map(|from| 1 + from.joins.len()).sum::<usize>() == 1;
    let mut replacer = Replacer { relations, alone, depth: 0 };
    let _ = select.visit(&mut replacer);
}

/// The system relations that stand in FROM, by the names that they have there.
fn relations(from: &TableWithJoins) -> impl Iterator<Item = (String, String)> {
    let factors = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    factors.filter_map(|factor| {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
        let parts: Vec<String> =
            name.0.iter().map(|part| part.as_ident().map(crate::sql::fold)).collect::<Option<_>>()?;
        let relation = match parts.as_slice() {
            [table] if table.starts_with("pg_") => table,
            [schema, table] if schema == "pg_catalog" => table,
            _ => return None,
        };
        let known_as = alias.as_ref().map_or_else(|| relation.clone(), |alias| crate::sql::fold(&alias.name));
        Some((known_as, relation.clone()))
    })
}

struct Replacer {
    relations: Vec<(String, String)>,
    /// Whether there is one relation, so that its columns need no name in front.
    alone: bool,
    /// How many subqueries are around.
    depth: usize,
}

impl VisitorMut for Replacer {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let known_as = match &*expr {
            Expr::Identifier(column) if self.alone && self.depth == 0 && is_identifier(column) => None,
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] if is_identifier(column) => Some(crate::sql::fold(table)),
                _ => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        let mut named =
            self.relations.iter().filter(|(known, _)| known_as.as_ref().is_none_or(|name| name == known));
        if let Some((_, relation)) = named.next() {
            *expr = identifier(relation);
        }
        ControlFlow::Continue(())
    }
}

fn is_identifier(column: &Ident) -> bool {
    crate::sql::fold(column) == NAME
}

/// `'pg_catalog.pg_class'::regclass::oid`
fn identifier(relation: &str) -> Expr {
    let name = Value::SingleQuotedString(format!("pg_catalog.{relation}")).with_empty_span();
    let cast = |expr: Expr, data_type: &str| Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(expr),
        data_type: DataType::Custom(ObjectName::from(Ident::new(data_type)), vec![]),
        array: false,
        format: None,
    };
    cast(cast(Expr::Value(name), "regclass"), "oid")
}
