//! Backslash commands, parsed: what they do is [`state`](super::state)'s business.

use std::path::PathBuf;

use crate::output::Format;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meta {
    /// `\d`, and `\d NAME`.
    Describe(Option<String>),
    /// `\dt [DATABASE]`
    Tables(Option<String>),
    /// `\dn`
    Databases,
    /// `\l`
    Lakes,
    /// `\c LAKE`
    Connect(String),
    /// `\timing [on | off]`
    Timing(Option<bool>),
    /// `\x [on | off | auto]`
    Expanded(Option<Expanded>),
    /// `\f FORMAT`
    Format(Format),
    /// `\i FILE`
    Include(PathBuf),
    /// `\o [FILE]`
    Output(Option<PathBuf>),
    /// `\e`
    Edit,
    Help,
    Quit,
}

/// When rows are written one value a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expanded {
    On,
    Off,
    /// Where the table would be wider than the terminal.
    Auto,
}

/// Commands and what they do, for `\?` and for completion.
pub(super) const HELP: [(&str, &str); 14] = [
    ("\\d [NAME]", "tables, or the columns, keys and options of one"),
    ("\\dt [DATABASE]", "tables"),
    ("\\dn", "databases of the lake"),
    ("\\l", "lakes"),
    ("\\c LAKE", "go to another lake"),
    ("\\timing [on|off]", "whether to say how long statements took"),
    ("\\x [on|off|auto]", "one value a line"),
    ("\\f FORMAT", "table, expanded, csv, tsv, json or ndjson"),
    ("\\i FILE", "run the statements of a file"),
    ("\\o [FILE]", "write results to a file, or to the screen again"),
    ("\\e", "edit the last statement in $EDITOR and run it"),
    ("\\?", "this list"),
    ("\\q", "leave (also Ctrl-D)"),
    ("Ctrl-C", "cancel the statement that runs"),
];

/// Parses a line that begins with a backslash; the error says what is wrong with it.
pub(super) fn parse(line: &str) -> Result<Meta, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let (command, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let optional = || (!argument.is_empty()).then(|| argument.to_owned());
    let required =
        || optional().ok_or_else(|| format!("{command} needs an argument; \\? lists the commands"));
    Ok(match command {
        "\\d" => Meta::Describe(optional()),
        "\\dt" => Meta::Tables(optional()),
        "\\dn" => Meta::Databases,
        "\\l" => Meta::Lakes,
        "\\c" | "\\connect" => Meta::Connect(required()?),
        "\\timing" => Meta::Timing(toggle(command, argument)?),
        "\\x" if argument.eq_ignore_ascii_case("auto") => Meta::Expanded(Some(Expanded::Auto)),
        "\\x" => {
            Meta::Expanded(toggle(command, argument)?.map(|on| if on { Expanded::On } else { Expanded::Off }))
        }
        "\\f" | "\\format" => Meta::Format(required()?.parse().map_err(describe)?),
        "\\i" => Meta::Include(PathBuf::from(unquoted(&required()?))),
        "\\o" => Meta::Output(optional().map(|path| PathBuf::from(unquoted(&path)))),
        "\\e" => Meta::Edit,
        "\\?" | "\\h" | "\\help" => Meta::Help,
        "\\q" | "\\quit" => Meta::Quit,
        unknown => return Err(format!("there is no command {unknown}; \\? lists the commands")),
    })
}

fn toggle(command: &str, argument: &str) -> Result<Option<bool>, String> {
    match argument.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "on" | "true" | "1" => Ok(Some(true)),
        "off" | "false" | "0" => Ok(Some(false)),
        _ => Err(format!("{command} takes on or off, not \"{argument}\"")),
    }
}

fn describe(error: crate::Error) -> String {
    format!("{error}. {}", error.hint.as_deref().unwrap_or_default())
}

fn unquoted(path: &str) -> &str {
    path.strip_prefix('\'').and_then(|path| path.strip_suffix('\'')).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_take_their_arguments() {
        for (line, expected) in [
            ("\\d", Meta::Describe(None)),
            ("\\d rec.users ;", Meta::Describe(Some("rec.users".into()))),
            ("\\dt rec", Meta::Tables(Some("rec".into()))),
            ("\\timing", Meta::Timing(None)),
            ("\\timing OFF", Meta::Timing(Some(false))),
            ("\\x", Meta::Expanded(None)),
            ("\\x auto", Meta::Expanded(Some(Expanded::Auto))),
            ("\\f csv", Meta::Format(Format::Csv)),
            ("\\i 'a b.sql'", Meta::Include("a b.sql".into())),
            ("\\o", Meta::Output(None)),
            ("\\q", Meta::Quit),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for line in ["\\nope", "\\i", "\\x maybe", "\\f xml", "\\c"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
