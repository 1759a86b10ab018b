//! Why bytes cannot be what their format says.

use object_store::path::Path;

use crate::error::Error;

/// The reason alone; whoever knows the file turns it into [`Error::Corrupt`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

pub type Decoded<T> = std::result::Result<T, Malformed>;

impl Malformed {
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Says in which part of the file the reason was met.
    pub fn within(self, part: impl std::fmt::Display) -> Self {
        Self(format!("{part}: {}", self.0))
    }

    pub fn of_file(self, path: &Path) -> Error {
        Error::corrupt(path.as_ref(), self.0)
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
