//! What can stand where the cursor is.

use super::keywords::KEYWORDS;
use super::meta::HELP;
use super::names::Names;

/// Words after which a table stands.
const BEFORE_TABLES: [&str; 7] = ["from", "join", "describe", "\\d", "subscribe", "table", "into"];

/// Candidates offered at most.
const CANDIDATES_MAX: usize = 200;

/// Where the word under the cursor begins (bytes), and what can stand in its place.
pub(super) fn candidates(line: &str, position: usize, names: &Names) -> (usize, Vec<String>) {
    let before = line.get(..position).unwrap_or(line);
    if before.starts_with('\\') && !before.contains(char::is_whitespace) {
        let commands = HELP.iter().filter_map(|(command, _)| command.split(' ').next());
        let found = commands.filter(|command| command.starts_with('\\') && command.starts_with(before));
        return (0, found.map(str::to_owned).collect());
    }
    let start = before.rfind(|c: char| !is_word(c)).map_or(0, |index| {
        index + before.get(index..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = before.get(start..).unwrap_or_default();
    let head = before.get(..start).unwrap_or_default();
    if head.ends_with('.') {
        return (start, after_dot(head, word, names));
    }
    let previous = head.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let in_list = head.trim_end().ends_with(',') && last_clause(head) == Some("from");
    if BEFORE_TABLES.contains(&previous.as_str()) || in_list {
        return (start, matching(word, names.tables.keys().chain(&names.databases)));
    }
    if word.is_empty() {
        return (start, vec![]);
    }
    let mentioned = mentioned_columns(line, names);
    let mut found = matching(word, mentioned.iter().copied());
    found.extend(matching(word, names.tables.keys()));
    found.extend(matching(word, names.functions.iter()).into_iter().map(|name| format!("{name}(")));
    let upper = word.chars().all(|c| !c.is_lowercase());
    found.extend(
        KEYWORDS
            .iter()
            .filter(|keyword| starts_with_ignoring_case(keyword, word))
            .map(|keyword| if upper { (*keyword).to_owned() } else { keyword.to_lowercase() }),
    );
    found.dedup();
    found.truncate(CANDIDATES_MAX);
    (start, found)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '\\')
}

/// Columns of a table, or tables of a database, named before the dot. An alias stands for its table.
fn after_dot(head: &str, word: &str, names: &Names) -> Vec<String> {
    let qualifier = head.trim_end_matches('.').rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    if let Some(columns) = names.tables.get(qualifier) {
        return matching(word, columns.iter());
    }
    if names.databases.iter().any(|database| database == qualifier) {
        return matching(word, names.tables.keys());
    }
    matching(word, names.tables.values().flatten())
}

/// The last clause word of a text.
fn last_clause(head: &str) -> Option<&'static str> {
    const CLAUSES: [&str; 6] = ["select", "from", "where", "group", "order", "having"];
    let words = head.split(|c: char| !is_word(c)).rev();
    words.into_iter().find_map(|word| CLAUSES.into_iter().find(|clause| word.eq_ignore_ascii_case(clause)))
}

fn mentioned_columns<'a>(line: &str, names: &'a Names) -> Vec<&'a String> {
    let mut columns: Vec<&String> =
        line.split(|c: char| !is_word(c)).filter_map(|word| names.tables.get(word)).flatten().collect();
    columns.sort();
    columns.dedup();
    columns
}

/// Names that begin with a word, quoted where SQL would read them otherwise.
fn matching<'a>(word: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut found: Vec<String> =
        names.filter(|name| starts_with_ignoring_case(name, word)).map(|name| quoted(name)).collect();
    found.sort();
    found.dedup();
    found
}

fn starts_with_ignoring_case(name: &str, word: &str) -> bool {
    name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '$'))
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            databases: vec!["rec".into()],
            tables: [
                ("users".to_owned(), columns(&["user_id", "country", "Odd Name"])),
                ("user_features".to_owned(), columns(&["user_id", "ctr_7d"])),
            ]
            .into(),
            functions: vec!["count".into(), "coalesce".into()],
        }
    }

    fn complete(line: &str) -> Vec<String> {
        let (start, found) = candidates(line, line.len(), &names());
        assert!(line.is_char_boundary(start));
        found
    }

    #[test]
    fn tables_follow_from_and_join() {
        assert_eq!(complete("SELECT * FROM us"), ["user_features", "users"]);
        assert_eq!(complete("SELECT * FROM users JOIN user_"), ["user_features"]);
        assert_eq!(complete("SELECT * FROM users, user_"), ["user_features"]);
        assert_eq!(complete("SELECT * FROM rec.users"), ["users"]);
        assert_eq!(complete("\\d r"), ["rec"]);
    }

    #[test]
    fn columns_are_those_of_the_tables_at_hand() {
        assert_eq!(complete("SELECT * FROM users WHERE cou"), ["country", "count("]);
        assert_eq!(complete("SELECT users.o"), ["\"Odd Name\""]);
        assert!(complete("SELECT * FROM users u WHERE u.ct").contains(&"ctr_7d".to_owned()));
    }

    #[test]
    fn keywords_follow_the_case_that_was_begun() {
        assert_eq!(complete("SEL"), ["SELECT"]);
        assert_eq!(complete("sel"), ["select"]);
        assert_eq!(complete("\\ti"), ["\\timing"]);
    }
}
