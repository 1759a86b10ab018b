//! A grant: as much of a lake as it names.

/// What may be read: a lake and as much of it as is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub lake: String,
    pub database: Option<String>,
    pub table: Option<String>,
    /// Empty means all of them.
    pub columns: Vec<String>,
}

impl Grant {
    /// Reads `lake`, `lake.database`, `lake.database.table` or `lake.database.table(column, ...)`.
    /// A name with a dot or a parenthesis is quoted.
    pub fn parse(text: &str) -> Option<Self> {
        let (names, columns) = match text.trim().strip_suffix(')') {
            Some(rest) => {
                let (names, columns) = rest.rsplit_once('(')?;
                (names, columns.split(',').map(|column| unquote(column.trim())).collect())
            }
            None => (text.trim(), Vec::new()),
        };
        let parts = split_names(names)?;
        let mut parts = parts.into_iter();
        let grant = Self { lake: parts.next()?, database: parts.next(), table: parts.next(), columns };
        let complete = parts.next().is_none() && (grant.columns.is_empty() || grant.table.is_some());
        let named = grant.columns.iter().all(|column| !column.is_empty());
        (complete && named).then_some(grant)
    }
}

fn unquote(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_string(),
    }
}

/// The names between dots that are not in quotes.
fn split_names(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => {
                names.push(unquote(&text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(unquote(&text[start..]));
    let plain = !quoted && !text.split('"').step_by(2).any(|unquoted| unquoted.contains(['(', ')']));
    (plain && names.iter().all(|name| !name.is_empty())).then_some(names)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn grants_name_as_much_as_they_allow() {
        let grant = |text: &str| Grant::parse(text);
        assert_eq!(grant("lake").unwrap().database, None);
        let table = grant("lake.\"My.db\".items").unwrap();
        assert_eq!((table.database.as_deref(), table.table.as_deref()), (Some("My.db"), Some("items")));
        assert_eq!(grant("l.d.t(a, \"B\")").unwrap().columns, ["a", "B"]);
        for wrong in ["", "a..b", "a.b.c.d", "a.b(c)", "a.b.c()", "\"a", "a.b.c(x"] {
            assert_eq!(grant(wrong), None, "{wrong}");
        }
    }
}
