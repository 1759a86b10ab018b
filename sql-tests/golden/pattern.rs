//! Patterns of names: `*` stands for any text, `?` for one character.

pub fn matches(pattern: &str, name: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return name.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => {
            matches(rest, name)
                || name.chars().next().is_some_and(|head| matches(pattern, &name[head.len_utf8()..]))
        }
        '?' => name.chars().next().is_some_and(|head| matches(rest, &name[head.len_utf8()..])),
        literal => name.strip_prefix(literal).is_some_and(|name| matches(rest, name)),
    }
}
