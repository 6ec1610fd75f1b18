//! The folders of the library stand one above the other, as `ARCHITECTURE.md` says: imports run downward only.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the lowest up. A module may use those before it.
const LAYERS: [&str; 23] = [
    "sync", "spares", "contain", "chaos", "clock", "tasks", "message", "examples", "stats", "error",
    "waiting", "trace", "request", "timers", "traced", "engine", "handle", "reader", "channel", "fabric",
    "explain", "patterns", "preset",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The modules of the crate that a source names in a path, without its comments.
fn named(source: &str) -> Vec<String> {
    let code: Vec<_> = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut modules = Vec::new();
    for path in code.split("crate::").skip(1) {
        let Some(list) = path.strip_prefix('{') else {
            modules.push(
                path.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .next()
                    .unwrap()
                    .to_owned(),
            );
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for letter in list.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => modules.push(std::mem::take(&mut item)),
                _ if depth == 0 => item.push(letter),
                _ => {}
            }
        }
        modules.push(item);
    }
    modules
        .iter()
        .filter_map(|item| item.trim().split("::").next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn imports_run_downward_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let layer = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let (mut seen, mut upward) = (0, Vec::new());
    for file in files {
        let path = file.strip_prefix(&root).unwrap();
        let own = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let test = path.to_str().unwrap().contains("tests.rs");
        let Some(own) = layer(own).filter(|_| !test) else { continue };
        for module in named(&fs::read_to_string(&file).unwrap()) {
            let Some(other) = layer(&module) else { continue }; // an item of the root: the preset's way
            seen += 1;
            if other > own {
                upward.push(format!("{}: {module}", path.display()));
            }
        }
    }
    assert!(seen > 100, "{seen} imports were found");
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn what_is_named_is_found_in_every_form() {
    let source = "use crate::{\n    engine::{Log, Take},\n    error::Closed,\n};\nuse crate::sync;\nlet it = crate::clock::now(); // crate::fabric";
    assert_eq!(named(source), ["engine", "error", "sync", "clock"]);
}
