//! The rules of the house that a compiler does not know.

use std::fs;
use std::path::{Path, PathBuf};

use sqllogictest::harness::{Failed, Trial};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Lines of a source file, its own tests not counted.
const FILE_LINES_MAX: usize = 400;
const FORMAT_NAMES: [&str; 5] = ["paimon", "delta", "iceberg", "hudi", "lance"];

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("tidy::catalog_does_not_know_datafusion", catalog_does_not_know_datafusion),
        Trial::test("tidy::catalog_decodes_no_data_files", catalog_decodes_no_data_files),
        Trial::test("tidy::scan_and_resolve_name_no_format", scan_and_resolve_name_no_format),
        Trial::test("tidy::files_are_short", files_are_short),
        Trial::test("tidy::only_tests_unwrap", only_tests_unwrap),
        Trial::test("tidy::invariants_name_their_tests", invariants_name_their_tests),
    ]
}

/// A source file: where it is, from the root, its text, and whether only tests are compiled from it.
struct Source {
    path: String,
    text: String,
    is_test: bool,
}

fn sources(folders: &[&str]) -> Result<Vec<Source>, Failed> {
    let mut sources = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| Path::new(ROOT).join(folder)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                let path = path.strip_prefix(ROOT)?.display().to_string();
                sources.push(Source { path, text, is_test: false });
            }
        }
    }
    let test_modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let module = source.path.trim_end_matches(".rs");
        source.is_test = test_modules.iter().any(|test| {
            module.strip_prefix(test.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
    }
    Ok(sources)
}

impl Source {
    /// The file without its test module, which stands last; nothing of a file of tests.
    fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = if self.is_test { Vec::new() } else { self.text.lines().collect() };
        let opens_tests = |at: usize| {
            let mut declared =
                lines[at..].iter().map(|line| line.trim()).skip_while(|line| line.starts_with("#["));
            declared.next().is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
        };
        let marked = (0..lines.len()).filter(|at| lines[*at].trim() == "#[cfg(test)]");
        let end = marked.into_iter().find(|at| opens_tests(*at)).unwrap_or(lines.len());
        lines.into_iter().take(end).enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Modules in files of their own that are compiled for tests alone: their paths without `.rs`.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
            _ => self.path.trim_end_matches(".rs"),
        };
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let marked = lines.iter().enumerate().filter(|(_, line)| **line == "#[cfg(test)]");
        let declared = marked.filter_map(|(at, _)| lines[at..].iter().find(|line| !line.starts_with("#[")));
        let names = declared.filter_map(|line| line.split("mod ").nth(1)?.strip_suffix(';'));
        names.map(|name| format!("{folder}/{name}")).collect()
    }
}

fn fail_if_any(findings: Vec<String>) -> Result<(), Failed> {
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
}

fn catalog_does_not_know_datafusion() -> Result<(), Failed> {
    let manifest = fs::read_to_string(Path::new(ROOT).join("catalog/Cargo.toml"))?;
    let mut findings: Vec<String> = manifest
        .lines()
        .filter(|line| line.starts_with("datafusion"))
        .map(|line| format!("catalog/Cargo.toml: {line}"))
        .collect();
    for source in sources(&["catalog/src"])? {
        for (number, line) in source.text.lines().enumerate() {
            if line.contains("datafusion::") {
                findings.push(format!("{}:{}: {line}", source.path, number + 1));
            }
        }
    }
    fail_if_any(findings)
}

/// Paimon may keep manifests in Parquet and ORC, so a decoder is named where records of metadata are read, and
/// where the end of an ORC file is looked at, nowhere else.
fn catalog_decodes_no_data_files() -> Result<(), Failed> {
    let mut findings = Vec::new();
    for source in sources(&["catalog/src"])? {
        let decoders = ["/parquet_records.rs", "/orc_records.rs", "/orc_tail.rs"];
        if decoders.iter().any(|decoder| source.path.ends_with(decoder)) {
            continue;
        }
        for (number, line) in source.product_lines() {
            if line.contains("parquet::arrow") || line.contains("orc_rust::") {
                findings.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    fail_if_any(findings)
}

fn scan_and_resolve_name_no_format() -> Result<(), Failed> {
    let mut findings = Vec::new();
    for source in sources(&["src/scan", "src/resolve"])? {
        for (number, line) in source.product_lines() {
            let lower = line.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric());
            for word in words.filter(|word| FORMAT_NAMES.contains(word)) {
                findings.push(format!("{}:{number}: names {word}: {}", source.path, line.trim()));
            }
        }
    }
    fail_if_any(findings)
}

fn files_are_short() -> Result<(), Failed> {
    let sources = sources(&["src", "catalog/src", "sql-tests", "benches"])?;
    let long = sources.iter().map(|source| (source, source.product_lines().count()));
    let long = long.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    fail_if_any(long.map(|(source, lines)| format!("{}: {lines} lines", source.path)).collect())
}

/// Clippy denies these; what is checked here is that nobody allows them outside of tests.
fn only_tests_unwrap() -> Result<(), Failed> {
    let lints = ["unwrap_used", "expect_used", "clippy::panic", "clippy::todo", "unsafe_code"];
    let mut findings = Vec::new();
    for source in sources(&["src", "catalog/src"])? {
        for (number, line) in source.product_lines() {
            let exempts = line.contains("allow(") || line.contains("expect(clippy");
            if exempts && lints.iter().any(|lint| line.contains(lint)) {
                findings.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    fail_if_any(findings)
}

/// Every invariant of ARCHITECTURE.md says which test backs it, and that test is there.
fn invariants_name_their_tests() -> Result<(), Failed> {
    let page = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md"))?;
    let sources = sources(&["src", "catalog/src", "sql-tests"])?;
    let exists = |name: &str| {
        let function = name.rsplit("::").next().unwrap_or(name);
        let file = Path::new(ROOT).join(name).exists();
        file || sources.iter().any(|source| source.text.contains(&format!("fn {function}(")))
    };
    let mut findings = Vec::new();
    let mut invariants = 0;
    for paragraph in page.split("\n\n").filter(|paragraph| paragraph.contains("**Invariant")) {
        invariants += 1;
        let Some((_, tests)) = paragraph.rsplit_once("Test") else {
            findings.push(format!("no test is named: {paragraph}"));
            continue;
        };
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            findings.push(format!("no test is named: {paragraph}"));
        }
        let missing = named.into_iter().filter(|name| !exists(name));
        findings.extend(missing.map(|name| format!("test {name} is not there: {paragraph}")));
    }
    if invariants == 0 {
        findings.push("ARCHITECTURE.md states no invariant".to_owned());
    }
    fail_if_any(findings)
}
