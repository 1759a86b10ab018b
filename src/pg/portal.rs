//! Portals: statements with their parameters, on the way through their rows. A cursor is a portal
//! that `DECLARE` has made.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::scalar::ScalarValue;

use super::encode::Format;
use super::error::{PgError, PgResult, state};
use super::rows::{Column, Rows};
use super::statement::PreparedStatement;
use super::subscription::{SubscriptionCursor, SubscriptionFetch};

/// Portals that one session may have open.
const PORTALS_MAX: usize = 1000;

pub enum Progress {
    /// Not run yet.
    Ready,
    /// Rows are being read.
    Rows(Box<Rows>),
    /// A FETCH that sends rows of a cursor: how many are left to send and how many have been.
    Fetch { cursor: String, left: u64, sent: u64 },
    /// A cursor over a subscription.
    Subscription(Box<SubscriptionCursor>),
    /// A FETCH that sends rows of such a cursor.
    SubscriptionFetch(Box<SubscriptionFetch>),
    /// It has run to its end.
    Finished,
}

pub struct Portal {
    pub statement: Arc<PreparedStatement>,
    pub parameters: Vec<ScalarValue>,
    /// The columns that were announced; a FETCH has those of its cursor.
    pub columns: Option<Arc<[Column]>>,
    /// One format for each column.
    pub formats: Vec<Format>,
    pub progress: Progress,
    /// Savepoints that were open when it was made.
    pub depth: usize,
    /// Whether `DECLARE` has made it.
    pub is_cursor: bool,
    pub hold: Hold,
}

/// Whether a portal outlives its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    #[default]
    No,
    /// From the commit of its transaction on.
    OnceCommitted,
    Held,
}

/// The portals of a session; the one without a name is under the empty name.
#[derive(Default)]
pub struct Portals(HashMap<String, Portal>);

impl Portals {
    /// Adds a portal. Only the one without a name can be replaced.
    pub fn add(&mut self, name: &str, portal: Portal) -> PgResult<()> {
        if !name.is_empty() && self.0.contains_key(name) {
            let kind = if portal.is_cursor { "cursor" } else { "portal" };
            let message = format!("{kind} \"{name}\" already exists");
            return Err(PgError::error(state::DUPLICATE_CURSOR, message));
        }
        if self.0.len() >= PORTALS_MAX {
            let message = format!("a session can have {PORTALS_MAX} portals and cursors open");
            return Err(PgError::error(state::CONFIGURATION_LIMIT_EXCEEDED, message));
        }
        self.0.insert(name.to_string(), portal);
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&Portal> {
        self.0.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Portal> {
        self.0.get_mut(name)
    }

    /// Takes a portal out while it runs.
    pub fn take(&mut self, name: &str) -> Option<Portal> {
        self.0.remove(name)
    }

    /// Puts back a portal that was taken out.
    pub fn put_back(&mut self, name: String, portal: Portal) {
        self.0.insert(name, portal);
    }

    /// Removes those that were made after the savepoint at that depth.
    pub fn truncate(&mut self, depth: usize) {
        self.0.retain(|_, portal| portal.depth <= depth);
    }

    /// Makes those of a released savepoint belong to the one around it.
    pub fn lift(&mut self, depth: usize) {
        for portal in self.0.values_mut() {
            portal.depth = portal.depth.min(depth);
        }
    }

    /// Removes cursors and leaves the portals of the protocol.
    pub fn close_cursors(&mut self) {
        self.0.retain(|_, portal| !portal.is_cursor);
    }

    /// Removes what ends with its transaction.
    pub fn end(&mut self, commit: bool) {
        self.0.retain(|_, portal| {
            if commit && portal.hold == Hold::OnceCommitted {
                (portal.hold, portal.depth) = (Hold::Held, 0);
            }
            portal.hold == Hold::Held
        });
    }

    /// Removes what an error in a transaction ends: all but cursors that are held from before it, and
    /// those that are a position and nothing else, which a rollback to a savepoint brings back.
    pub fn fail(&mut self) {
        self.0.retain(|_, portal| {
            portal.hold == Hold::Held || matches!(portal.progress, Progress::Subscription(_))
        });
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// One format for each of `columns`, from what Bind said: none is text, one is for all.
pub fn expand_formats(codes: &[i16], columns: usize) -> PgResult<Vec<Format>> {
    let format = |code: i16| {
        Format::from_code(code).ok_or_else(|| {
            PgError::error(state::INVALID_PARAMETER_VALUE, format!("unsupported format code: {code}"))
        })
    };
    match codes {
        [] => Ok(vec![Format::Text; columns]),
        [code] => Ok(vec![format(*code)?; columns]),
        codes if codes.len() == columns => codes.iter().map(|code| format(*code)).collect(),
        codes => Err(PgError::protocol(format!(
            "bind message has {} result formats but query has {columns} columns",
            codes.len()
        ))),
    }
}
