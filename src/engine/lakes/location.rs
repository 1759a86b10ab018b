//! Where a lake is, as people write it: `./lake`, `s3://bucket/lake`, `name=s3://bucket/lake`.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The name of a lake that was given without one.
pub const UNNAMED: &str = "lake";

/// A lake under the name by which queries and clients know it (a database to a Postgres client).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeLocation {
    pub name: String,
    /// A path or a URL: `./lake`, `s3://bucket/lake`.
    pub url: String,
}

impl FromStr for LakeLocation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, url) = match text.split_once('=') {
            Some((name, url)) if is_name(name) => (name, url),
            _ => (UNNAMED, text),
        };
        if url.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("\"{text}\" names no place of a lake"),
            )
            .with_hint("Write ./folder, s3://bucket/path, or name=s3://bucket/path."));
        }
        Ok(Self { name: name.to_owned(), url: url.to_owned() })
    }
}

/// Whether a text can be a lake's name, rather than the start of a path with a `=` in it.
pub fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lakes_have_names_or_are_called_lake() {
        let parse = |text: &str| {
            let LakeLocation { name, url } = text.parse().unwrap();
            (name, url)
        };
        let expect = |name: &str, url: &str| (name.to_owned(), url.to_owned());
        assert_eq!(parse("./lake"), expect("lake", "./lake"));
        assert_eq!(parse("prod=s3://b/lake"), expect("prod", "s3://b/lake"));
        assert_eq!(parse("s3://b/dt=2026/lake"), expect("lake", "s3://b/dt=2026/lake"));
        assert_eq!(parse("./a=b"), expect("lake", "./a=b"));
        assert!("name=".parse::<LakeLocation>().is_err());
    }
}
