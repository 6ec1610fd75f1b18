//! What the README shows is what its commands run.

use std::{fs, path::Path};

fn at_root(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).expect("it stands in the repository")
}

/// The first block of this kind after a line that has `mark`.
fn block(of: &str, mark: &str, kind: &str) -> String {
    let after = of.split_once(mark).expect("the mark").1;
    let fenced = after.split_once(&format!("```{kind}\n")).expect("a block").1;
    fenced.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_readmes_program_is_the_example_that_its_command_runs() {
    let readme = at_root("README.md");
    let example = at_root("crates/stratoswarm-core/examples/classes.rs");
    let program = block(&readme, "--example classes", "rust");
    assert!(example.ends_with(&program), "the example is another program");
    let before = example.strip_suffix(&program).expect("as was just seen");
    assert!(
        before.lines().all(|line| line.is_empty() || line.starts_with("//!") || line.starts_with("#![allow"))
    );
}
