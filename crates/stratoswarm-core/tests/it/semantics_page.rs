//! `docs/semantics.md` names, for each guarantee, a test that exists.

use std::{collections::BTreeSet, fs, path::PathBuf};

fn at(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The numbered guarantees: number and text, the lines that belong to it joined.
fn guarantees() -> Vec<(u32, String)> {
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut inside = false;
    for line in at("../../docs/semantics.md").lines() {
        let number = line.split_once(". ").and_then(|(number, text)| Some((number.parse().ok()?, text)));
        if let Some((number, text)) = number {
            found.push((number, text.to_owned()));
            inside = true;
        } else if line.trim().is_empty() || line.starts_with('#') {
            inside = false;
        } else if inside && let Some((_, text)) = found.last_mut() {
            text.push(' ');
            text.push_str(line.trim());
        }
    }
    found
}

/// What is written as `module::test_name` in backquotes.
fn named_tests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let path = |word: &str| {
        word.chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_:".contains(letter))
    };
    quoted.filter(move |word| path(word)).filter_map(|word| word.split_once("::"))
}

/// True if `source` has a function of this name that the harness runs.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim_start).collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(index, line)| {
        let attributes = lines[..index].iter().rev().take_while(|above| above.starts_with("#["));
        line.trim_start_matches("async ").starts_with(&head)
            && attributes
                .into_iter()
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

fn source(module: &str) -> String {
    if module == "allocation" { at("tests/allocation.rs") } else { at(&format!("tests/it/{module}.rs")) }
}

#[test]
fn guarantees_are_numbered_without_gaps() {
    let numbers: Vec<_> = guarantees().into_iter().map(|(number, _)| number).collect();
    assert!(numbers.len() > 30, "{numbers:?}");
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
}

#[test]
fn every_guarantee_names_a_test() {
    for (number, text) in guarantees() {
        assert!(named_tests(&text).next().is_some(), "guarantee {number} names no test: {text}");
    }
}

#[test]
fn every_test_named_exists() {
    let mut missing = BTreeSet::new();
    for (number, text) in guarantees() {
        for (module, name) in named_tests(&text) {
            if !has_test(&source(module), name) {
                missing.insert(format!("{number}: {module}::{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn only_tests_count_as_tests() {
    let source = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(start_paused = true)]\n#[should_panic]\nasync fn three() {}";
    assert!(has_test(source, "one") && has_test(source, "three"));
    assert!(!has_test(source, "two") && !has_test(source, "on") && !has_test(source, "four"));
}
