//! The tables that a statement names, each with its version and options.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, TableFactor, TableVersion, Visit, Visitor, With};

/// A name in FROM (or where else a statement names a table).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Relation {
    pub name: ObjectName,
    pub version: Option<TableVersion>,
    /// The name is that of a common table expression in whose scope it stands.
    pub is_cte: bool,
}

/// All relations of a tree, each once. Table functions are none.
pub(crate) fn relations(tree: &impl Visit) -> Vec<Relation> {
    let mut collector = Collector::default();
    let _ = tree.visit(&mut collector);
    collector.found
}

#[derive(Default)]
struct Collector {
    found: Vec<Relation>,
    /// Names of common table expressions that are in scope, with the queries that brought them.
    ctes: Vec<ObjectName>,
    scopes: Vec<usize>,
    /// What the table factor that is being visited says of its name.
    factor: Option<FactorName>,
    /// Bodies of common table expressions that were visited before their names came into scope.
    done: HashSet<*const Query>,
    /// How many of those bodies are being visited a second time.
    muted: usize,
}

#[expect(clippy::large_enum_variant, reason = "one at a time exists, while its factor is visited")]
enum FactorName {
    Function,
    Versioned(TableVersion),
}

impl Collector {
    fn is_cte(&self, name: &ObjectName) -> bool {
        name.0.len() == 1 && self.ctes.iter().any(|known| folded(known) == folded(name))
    }

    /// Brings the names of a WITH into scope one after the other. A body is visited before its own
    /// name is known, for in `WITH t AS (SELECT * FROM t) ...` the inner `t` is a table.
    fn enter(&mut self, with: &With) {
        for cte in &with.cte_tables {
            let body: &Query = &cte.query;
            if !with.recursive && self.muted == 0 {
                let _ = body.visit(self);
                self.done.insert(std::ptr::from_ref(body));
            }
            self.ctes.push(ObjectName::from(cte.alias.name.clone()));
        }
    }
}

/// A name's parts as identifiers compare: unquoted ones in lower case.
pub(crate) fn folded(name: &ObjectName) -> Vec<String> {
    name.0
        .iter()
        .map(|part| match part.as_ident() {
            Some(ident) if ident.quote_style.is_none() => ident.value.to_lowercase(),
            Some(ident) => ident.value.clone(),
            None => part.to_string(),
        })
        .collect()
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.muted += usize::from(self.done.contains(&std::ptr::from_ref(query)));
        self.scopes.push(self.ctes.len());
        if let Some(with) = &query.with {
            self.enter(with);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.muted -= usize::from(self.done.contains(&std::ptr::from_ref(query)));
        if let Some(length) = self.scopes.pop() {
            self.ctes.truncate(length);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.factor = match factor {
            TableFactor::Table { args: Some(_), .. } => Some(FactorName::Function),
            TableFactor::Table { version: Some(version), .. } => Some(FactorName::Versioned(version.clone())),
            _ => None,
        };
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let version = match self.factor.take() {
            Some(FactorName::Function) => return ControlFlow::Continue(()),
            Some(FactorName::Versioned(version)) => Some(version),
            None => None,
        };
        let relation = Relation { is_cte: self.is_cte(name), name: name.clone(), version };
        if self.muted == 0 && !self.found.contains(&relation) {
            self.found.push(relation);
        }
        ControlFlow::Continue(())
    }
}
