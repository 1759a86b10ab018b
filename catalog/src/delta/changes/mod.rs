//! What changed from version to version.
//!
//! - [`versions`]: the ends of a range and the versions between them;
//! - [`feed`]: the files of the change data feed, where a commit has some.
//!
//! A commit without such files changed what its added and removed files and their deletion vectors tell.

mod feed;
mod versions;

pub use versions::Versions;
