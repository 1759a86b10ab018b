//! The search path: databases in which bare table names are looked for.

/// The schema that Postgres searches before all others, unless the path places it.
pub(super) const SYSTEM: &str = "pg_catalog";

/// Takes `a, "B c", 'd'` apart into names.
pub(super) fn parse(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = rest.get(1..).unwrap_or_default();
                let (name, after) = inner.split_once(quote).unwrap_or((inner, ""));
                (name.to_owned(), after.split_once(',').map_or("", |(_, after)| after))
            }
            _ => {
                let (name, after) = rest.split_once(',').unwrap_or((rest, ""));
                (name.trim().to_lowercase(), after)
            }
        };
        if !name.is_empty() {
            names.push(name);
        }
        rest = after.trim();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart() {
        assert_eq!(parse("rec, Default"), ["rec", "default"]);
        assert_eq!(parse("\"$user\", public"), ["$user", "public"]);
        assert_eq!(parse("'A b' ,\"C,d\",e"), ["A b", "C,d", "e"]);
        assert!(parse(" ").is_empty());
    }
}
