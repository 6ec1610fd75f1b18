//! `docs/semantics.md` names, for each guarantee, a test that exists.

use std::{collections::BTreeSet, fs, path::PathBuf};

fn at(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands under the numbers of the page's first part, the guarantees, and of its last, their tests; the lines that
/// belong to one number joined.
fn page() -> [Vec<(u32, String)>; 2] {
    let page = at("../../docs/semantics.md");
    let (guarantees, tests) = page.split_once("\n## The tests\n").expect("the page ends with the tests");
    [guarantees, tests].map(numbered)
}

fn numbered(text: &str) -> Vec<(u32, String)> {
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
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
fn guarantees_are_numbered_without_other_gaps_and_so_are_their_tests() {
    let [guarantees, tests] =
        page().map(|part| part.into_iter().map(|(number, _)| number).collect::<Vec<_>>());
    assert_eq!(guarantees, (1..=104).collect::<Vec<_>>());
    assert_eq!(tests, guarantees);
}

#[test]
fn every_guarantee_names_a_test() {
    let [_, tests] = page();
    for (number, text) in tests {
        assert!(named_tests(&text).next().is_some(), "guarantee {number} names no test: {text}");
    }
}

#[test]
fn every_test_named_exists() {
    let mut missing = BTreeSet::new();
    for (number, text) in page().into_iter().flatten() {
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
