//! The questions, over the columns of the bench table.

/// Each question with its name and the repetitions that its length allows.
pub const QUERIES: [(&str, usize); 6] = [("q1", 7), ("q2", 7), ("q3", 3), ("q4", 9), ("q5", 7), ("q6", 7)];

/// Keys that lookups take in turn: present ones, spread over the table.
pub const KEYS: [i64; 6] = [8, 8_641_970, 31_111_109, 1_555_555, 41_999_994, 21_991_145];

/// The SQL of a question over `source`; `None` where the engine has no such question.
pub fn sql(query: &str, key: i64, source: &str) -> Option<String> {
    Some(match query {
        "q1" => format!(
            "SELECT country, count(*) c, sum(clicks_7d) s, avg(spend_30d) a FROM {source} GROUP BY country"
        ),
        "q2" => format!("SELECT user_id, country, score_a FROM {source}"),
        "q3" => format!("SELECT * FROM {source}"),
        "q4" => format!("SELECT * FROM {source} WHERE user_id = {key}"),
        "q5" => format!("SELECT user_id, top_brand, balance FROM {source} WHERE top_brand = 'brand-4999'"),
        _ => return None,
    })
}

/// What a question asks, for the report.
pub fn title(query: &str) -> &'static str {
    match query {
        "q1" => "count, sum, avg, GROUP BY",
        "q2" => "three columns",
        "q3" => "all 42 columns",
        "q4" => "one key",
        "q5" => "filter on a value",
        _ => "changes of the last small commit",
    }
}
