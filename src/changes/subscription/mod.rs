//! Subscriptions: a table's rows, then what each of its versions changes, one version after the other.
//!
//! A [`Subscription`] is a position: the version up to which everything was given, and what is left of
//! the version that is being given. It holds no task and no open file. A [`Fetch`] goes on from it:
//! rows leave through a channel as they are read, and the position behind them comes out when the fetch
//! has ended well. What was fetched and not taken note of is given again.
//!
//! What a subscription gives, in order:
//!
//! | rows | `_change_type` | `_commit_version` | with PROGRESS: `_progressed` |
//! |---|---|---|---|
//! | where it begins, with PROGRESS | NULL | the version it begins at | false where rows of that version follow, else true |
//! | of that version, unless SNAPSHOT is false | insert | the same | false |
//! | what a later version changed | as in `table_changes` | that version | false |
//! | the end of a version, with PROGRESS | NULL | that version | true |
//!
//! A row with `_progressed` says that everything up to its version was given: it is what a reader keeps
//! to go on later, with `AS OF version WITH (SNAPSHOT = false)`.

mod definition;
mod fetch;
mod images;
mod position;
mod shape;
mod view;

pub use definition::{Definition, FirstRows};
pub use fetch::{Fetch, Wait};
pub use position::Subscription;
pub use shape::{Envelope, Shape};
pub use view::{Stage, View};
