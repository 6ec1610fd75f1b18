//! `docs/differences.md` names, in every row, a test of this binary that exists.

use std::{fs, path::PathBuf};

fn at(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the page's tables, without heads and rules.
fn rows(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| there |"));
    rows.collect()
}

/// Module and name of the test that a row names in backquotes.
fn named_test(row: &str) -> Option<(&str, &str)> {
    let path = |word: &&str| {
        word.chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_:".contains(letter))
    };
    row.split('`').skip(1).step_by(2).filter(path).find_map(|word| word.split_once("::"))
}

/// True if `source` has a function of this name that the harness runs.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().collect();
    lines.iter().enumerate().any(|(index, line)| {
        line.trim_start_matches("async ").starts_with(&format!("fn {name}("))
            && lines[..index]
                .iter()
                .rev()
                .take_while(|above| above.starts_with("#["))
                .any(|attribute| attribute.starts_with("#[test]") || attribute.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_difference_names_a_test_that_exists() {
    let page = at("../../docs/differences.md");
    let rows = rows(&page);
    assert!(rows.len() > 5, "{rows:#?}");
    for row in rows {
        let (module, name) = named_test(row).unwrap_or_else(|| panic!("names no test: {row}"));
        assert!(has_test(&at(&format!("tests/oracles/{module}.rs")), name), "{module}::{name}");
    }
}
