//! The queries of a set.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Result;
use super::sql_type::SqlType;

/// One query of the manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Query {
    /// Absent in Paimon's sets, which have one format.
    #[serde(default)]
    pub format: Option<String>,
    pub table: String,
    /// The table, a system table of it (`t$files`) or a branch; the table where absent.
    #[serde(default)]
    pub object: Option<String>,
    /// `batch`, `system`, `incremental`, `stream`, `changes`.
    pub kind: String,
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// The answer, under `expected/`; absent where the format's reader refused.
    pub file: Option<String>,
    /// What the format's reader said when it refused.
    pub error: Option<String>,
    /// Id of the result's columns.
    pub columns: Option<usize>,
}

impl Query {
    pub fn object(&self) -> &str {
        self.object.as_deref().unwrap_or(&self.table)
    }
}

/// Columns of a result: names and types, in order.
pub type Columns = Vec<(String, SqlType)>;

/// A set that is unpacked and whose manifest is read.
pub struct GoldenSet {
    pub root: PathBuf,
    pub queries: Vec<Query>,
    columns: HashMap<usize, Columns>,
}

#[derive(Deserialize)]
struct ColumnsLine {
    id: usize,
    columns: Vec<ColumnLine>,
}

#[derive(Deserialize)]
struct ColumnLine {
    name: String,
    #[serde(rename = "type")]
    sql_type: String,
}

impl GoldenSet {
    pub fn load(root: &Path) -> Result<Self> {
        let queries = lines(&root.join("expected/manifest.jsonl"))?;
        let mut columns = HashMap::new();
        for line in lines::<ColumnsLine>(&root.join("expected/columns.jsonl"))? {
            let parsed: Result<Columns> = line
                .columns
                .into_iter()
                .map(|column| Ok((column.name, SqlType::parse(&column.sql_type)?)))
                .collect();
            // A type that only one format uses must not keep the others from running.
            if let Ok(parsed) = parsed {
                columns.insert(line.id, parsed);
            }
        }
        Ok(Self { root: root.to_owned(), queries, columns })
    }

    pub fn warehouse(&self) -> PathBuf {
        self.root.join("warehouse")
    }

    /// The columns of a query's result.
    pub fn columns(&self, query: &Query) -> Result<&Columns> {
        let id = query.columns.ok_or("the manifest names no columns")?;
        self.columns
            .get(&id)
            .ok_or_else(|| format!("the runner does not know the types of columns {id}").into())
    }

    /// The text of a query's answer.
    pub fn answer(&self, file: &str) -> Result<String> {
        let path = self.root.join("expected").join(file);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    /// The one database folder of a Paimon warehouse, without its `.db`.
    pub fn paimon_database(&self) -> Result<String> {
        for entry in fs::read_dir(self.warehouse())? {
            let name = entry?.file_name();
            if let Some(database) = name.to_str().and_then(|name| name.strip_suffix(".db")) {
                return Ok(database.to_owned());
            }
        }
        Err(format!("{} holds no database", self.warehouse().display()).into())
    }
}

fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut parsed = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let value = serde_json::from_str(line);
        parsed.push(value.map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?);
    }
    Ok(parsed)
}
