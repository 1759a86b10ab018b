//! DataFusion's messages that are texts only, known by their words (version 55.2), said as Postgres
//! says them. A text that is not known stays as it is.

use crate::error::{Error, ErrorKind};

/// First words of messages, and what kind of mistake they tell.
const KINDS: [(&str, ErrorKind); 22] = [
    ("Column in SELECT must be in GROUP BY", ErrorKind::Grouping),
    ("Column in HAVING must be in GROUP BY", ErrorKind::Grouping),
    ("Column in ORDER BY must be in GROUP BY", ErrorKind::Grouping),
    ("Projection references non-aggregate values", ErrorKind::Grouping),
    ("Aggregate functions are not allowed", ErrorKind::Grouping),
    ("Failed to coerce arguments", ErrorKind::UndefinedFunction),
    ("Function '", ErrorKind::UndefinedFunction),
    ("Cannot infer common", ErrorKind::DatatypeMismatch),
    ("Cannot coerce", ErrorKind::DatatypeMismatch),
    ("Unsupported CAST", ErrorKind::DatatypeMismatch),
    ("Incompatible inputs for", ErrorKind::DatatypeMismatch),
    ("Cannot create filter with non-boolean predicate", ErrorKind::DatatypeMismatch),
    ("Cannot cast string", ErrorKind::InvalidText),
    ("Error parsing timestamp", ErrorKind::InvalidDatetime),
    ("Error parsing", ErrorKind::InvalidText),
    ("Cannot cast value", ErrorKind::NumericOutOfRange),
    ("Can't cast value", ErrorKind::NumericOutOfRange),
    ("Placeholder type could not be resolved", ErrorKind::IndeterminateDatatype),
    ("WITH query name", ErrorKind::DuplicateName),
    ("Projections require unique expression names", ErrorKind::DuplicateName),
    ("UNION queries have different number of columns", ErrorKind::Syntax),
    ("Invalid placeholder", ErrorKind::Syntax),
];

/// What is added for DataFusion's own developers.
const NOISE: [&str; 3] = [
    "\n\nbacktrace:",
    "\nThis issue was likely caused by a bug in DataFusion's code",
    " Use session context",
];

/// Prefixes of messages that were wrapped on their way.
const WRAPPERS: [&str; 5] = [
    "Error during planning: ",
    "Internal error: ",
    "Cast error: ",
    "Invalid argument error: ",
    "Parser error: ",
];

/// The error of a message; `otherwise` is its kind where nothing is known of it.
pub(super) fn from_text(message: &str, otherwise: ErrorKind) -> Error {
    let message = bare(message);
    special(message).unwrap_or_else(|| {
        let known = KINDS.iter().find(|(words, _)| message.starts_with(words));
        Error::new(known.map_or(otherwise, |(_, kind)| *kind), message)
    })
}

/// A message without wrappers and noise.
pub(super) fn bare(message: &str) -> &str {
    let end = NOISE.iter().filter_map(|noise| message.find(noise)).min().unwrap_or(message.len());
    let mut text = message.get(..end).unwrap_or(message).trim();
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| text.strip_prefix(wrapper)) {
        text = inner;
    }
    text
}

/// Messages that Postgres words otherwise.
fn special(message: &str) -> Option<Error> {
    undefined_function(message)
        .or_else(|| wrong_arguments(message))
        .or_else(|| wrong_operands(message))
        .or_else(|| wrong_text(message))
        .or_else(|| wrong_timestamp(message))
        .or_else(|| {
            let column = between(message, "column \"", "\" must appear in the GROUP BY clause")?;
            let text = "must appear in the GROUP BY clause or be used in an aggregate function";
            Some(Error::new(ErrorKind::Grouping, format!("column \"{column}\" {text}")))
        })
        .or_else(|| {
            let starts = |words: &str| message.starts_with(words);
            Some(if starts("Divide by zero") {
                Error::new(ErrorKind::DivisionByZero, "division by zero")
            } else if starts("Scalar subquery returned more than one row") {
                let text = "more than one row returned by a subquery used as an expression";
                Error::new(ErrorKind::CardinalityViolation, text)
            } else if message.contains(" is too large to store in a Decimal")
                || message.contains(" is too small to store in a Decimal")
            {
                Error::new(ErrorKind::NumericOutOfRange, "numeric field overflow").with_detail(message)
            } else if starts("Too many columns!") {
                Error::new(ErrorKind::Syntax, "subquery must return only one column")
            } else if starts("UNION queries have different number of columns") {
                Error::new(ErrorKind::Syntax, "each UNION query must have the same number of columns")
            } else if starts("Cannot create filter with non-boolean predicate") {
                Error::new(ErrorKind::DatatypeMismatch, "argument of WHERE must be type boolean")
            } else {
                return None;
            })
        })
}

/// `Invalid function 'f'.\nDid you mean 'g'?`
fn undefined_function(message: &str) -> Option<Error> {
    let (name, rest) = message.strip_prefix("Invalid function '")?.split_once('\'')?;
    let error = Error::new(ErrorKind::UndefinedFunction, format!("function {name} does not exist"));
    Some(match rest.split('\'').nth(1) {
        Some(known) => error.with_hint(format!("Did you mean {known}?")),
        None => error,
    })
}

/// `... argument types 'f(Utf8, Int64)'` and `Function 'f' ... but received String (DataType: Utf8)`.
fn wrong_arguments(message: &str) -> Option<Error> {
    let call = match between(message, "argument types '", "'") {
        Some(call) => {
            let (name, arguments) = call.trim_end_matches(')').split_once('(')?;
            format!("{name}({})", sql_types(arguments))
        }
        None if message.contains("failed to match any signature") => {
            let name = between(message, "Function '", "'")?;
            let received = between(message, "(DataType: ", ")").map(sql_types).unwrap_or_default();
            format!("{name}({received})")
        }
        None => return None,
    };
    let hint =
        "No function matches the given name and argument types. You might need to add explicit type casts.";
    Some(Error::new(ErrorKind::UndefinedFunction, format!("function {call} does not exist")).with_hint(hint))
}

/// `Cannot coerce arithmetic expression Utf8 + Int64 to valid types` and
/// `Cannot infer common argument type for comparison operation Utf8 = Int64`.
fn wrong_operands(message: &str) -> Option<Error> {
    let operands = between(message, "Cannot coerce arithmetic expression ", " to valid types")
        .or_else(|| message.strip_prefix("Cannot infer common argument type for comparison operation "))
        .or_else(|| between(message, "Cannot infer common type for bitwise operation ", "\n"))?;
    let [left, operator, right] = operands.split(' ').collect::<Vec<_>>()[..] else { return None };
    let shown = format!("{} {operator} {}", sql_types(left), sql_types(right));
    let hint =
        "No operator matches the given name and argument types. You might need to add explicit type casts.";
    Some(
        Error::new(ErrorKind::UndefinedFunction, format!("operator does not exist: {shown}")).with_hint(hint),
    )
}

/// `Cannot cast string 'x' to value of Int64 type`
fn wrong_text(message: &str) -> Option<Error> {
    let text = message.strip_prefix("Cannot cast string '");
    let text = text.or_else(|| {
        message.strip_prefix("Cannot cast value '").filter(|rest| rest.ends_with("Boolean type"))
    });
    let (text, data_type) = text?.rsplit_once("' to value of ")?;
    let wanted = sql_types(data_type.trim_end_matches('.').trim_end_matches(" type"));
    Some(match wanted.as_str() {
        "date" | "time" | "timestamp" => wrong_time(text, &wanted),
        _ => {
            let message = format!("invalid input syntax for type {wanted}: \"{text}\"");
            Error::new(ErrorKind::InvalidText, message)
        }
    })
}

/// `Error parsing timestamp from '2024-13-01': error parsing date`
fn wrong_timestamp(message: &str) -> Option<Error> {
    let (text, _) = message.strip_prefix("Error parsing timestamp from '")?.rsplit_once("': ")?;
    Some(wrong_time(text, "timestamp"))
}

/// A text that is no time. One that is made of the numbers of one has fields out of range.
fn wrong_time(text: &str, wanted: &str) -> Error {
    let of_numbers = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | ' ' | '+' | 'T' | 'Z');
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && text.contains(['-', ':']) && text.chars().all(of_numbers) {
        let message = format!("date/time field value out of range: \"{text}\"");
        return Error::new(ErrorKind::DatetimeOutOfRange, message);
    }
    let message = format!("invalid input syntax for type {wanted}: \"{text}\"");
    Error::new(ErrorKind::InvalidDatetime, message)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(found, _)| found))
}

/// Arrow's names of types, by those of SQL.
fn sql_types(arrow: &str) -> String {
    let named = |name: &str| -> String {
        let name = name.trim();
        let sql = match name.split(['(', ' ']).next().unwrap_or(name) {
            "Utf8" | "Utf8View" | "LargeUtf8" | "String" => "text",
            "Int8" | "Int16" | "UInt8" => "smallint",
            "Int32" | "UInt16" => "integer",
            "Int64" | "UInt32" => "bigint",
            "Float16" | "Float32" => "real",
            "Float64" => "double precision",
            "Boolean" => "boolean",
            "Date32" | "Date64" => "date",
            "Time32" | "Time64" => "time",
            "Timestamp" => "timestamp",
            "Interval" | "Duration" => "interval",
            "Binary" | "BinaryView" | "LargeBinary" | "FixedSizeBinary" => "bytea",
            "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" | "UInt64" => "numeric",
            "Null" => "unknown",
            _ => return name.to_owned(),
        };
        sql.to_owned()
    };
    split_outside_parentheses(arrow).map(named).collect::<Vec<_>>().join(", ")
}

/// Parts at commas that no parenthesis encloses: `Int64, Decimal128(10, 2)` has two.
fn split_outside_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |character| {
        match character {
            '(' | '<' => depth += 1,
            ')' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_said_as_postgres_says_them() {
        for (message, kind, said) in [
            (
                "Invalid function 'lenght'.\nDid you mean 'length'?",
                ErrorKind::UndefinedFunction,
                "function lenght does not exist",
            ),
            (
                "Function 'upper' expects 1 arguments but received 2. No function matches the given name and argument types 'upper(Utf8View, Decimal128(10, 2))'. You",
                ErrorKind::UndefinedFunction,
                "function upper(text, numeric) does not exist",
            ),
            (
                "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' requires Decimal, but received String (DataType: Utf8View).",
                ErrorKind::UndefinedFunction,
                "function sum(text) does not exist",
            ),
            (
                "Cannot coerce arithmetic expression Utf8View + Int64 to valid types",
                ErrorKind::UndefinedFunction,
                "operator does not exist: text + bigint",
            ),
            (
                "Cast error: Cannot cast string 'a'b' to value of Int64 type",
                ErrorKind::InvalidText,
                "invalid input syntax for type bigint: \"a'b\"",
            ),
            (
                "Cannot cast string '2024-13-01' to value of Date32 type",
                ErrorKind::DatetimeOutOfRange,
                "date/time field value out of range: \"2024-13-01\"",
            ),
            (
                "Parser error: Error parsing timestamp from 'soon': error parsing date",
                ErrorKind::InvalidDatetime,
                "invalid input syntax for type timestamp: \"soon\"",
            ),
            (
                "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \"t.a\" must appear in the GROUP BY clause or must",
                ErrorKind::Grouping,
                "column \"t.a\" must appear in the GROUP BY clause or be used in an aggregate function",
            ),
            ("Something new", ErrorKind::Internal, "Something new"),
        ] {
            let error = from_text(message, ErrorKind::Internal);
            assert_eq!((error.kind, error.message.as_str()), (kind, said));
        }
    }

    #[test]
    fn noise_is_left_out() {
        let message =
            "Internal error: oops.\nThis issue was likely caused by a bug in DataFusion's code. Please file";
        assert_eq!(bare(message), "oops.");
    }
}
