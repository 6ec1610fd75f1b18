use std::{fs, path::Path, process::Output};

use proptest::prelude::*;
use stratoswarm::cli::read_instance;

use crate::program::{berlin52, command, piped, program, refused};

const GOOD: &str = "NAME: g\nTYPE: TSP\nCOMMENT: c\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n\
                    1 0 0\n2 3 4\n3 6 8\nEOF\n";

fn run(path: &Path) -> Output {
    program(&["run", path.to_str().unwrap()])
}

#[test]
fn files_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none.tsp");
    refused(&run(&missing), 2, &["none.tsp", "cannot be read", "accepted: a readable TSPLIB file"]);
    refused(&run(directory.path()), 2, &["is a directory", "accepted: a TSPLIB file"]);
    refused(&run(&missing.join("below")), 2, &["cannot be read"]);
    refused(&program(&["run", ""]), 2, &["FILE.tsp"]);
}

#[test]
fn contents_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.tsp");
    for (from, to, words) in [
        ("DIMENSION: 3", "DIMENSION: 4", ["line 9", "ends after 3 of 4 nodes", "accepted: "]),
        ("DIMENSION: 3", "DIMENSION: 0", ["line 4", "DIMENSION \"0\"", "accepted: "]),
        ("DIMENSION: 3", "DIMENSION: 1", ["line 4", "DIMENSION \"1\"", "accepted: "]),
        ("2 3 4", "2 NaN 4", ["line 8", "coordinate", "accepted: "]),
        ("2 3 4", "1 3 4", ["line 8", "node 1 for the second time", "accepted: "]),
        ("2 3 4\n", "", ["ends after 2 of 3 nodes", "line", "accepted: "]),
        ("EUC_2D", "XRAY1", ["line 5", "XRAY1", "accepted: EUC_2D"]),
        ("3 6 8\nEOF\n", "3 6", ["line 9", "no node", "accepted: "]),
        ("2 3 4", "2 3e9 4", ["nodes 1 and 2 lie 3", "apart", "accepted: "]),
        ("DIMENSION: 3\n", "EOF\n", ["line 4", "the file ends before DIMENSION", "accepted: "]),
        (GOOD, "", ["the file is empty", "bad.tsp", "accepted: "]),
    ] {
        fs::write(&path, GOOD.replace(from, to)).unwrap();
        refused(&run(&path), 2, &words);
        refused(&run(&path), 2, &["bad.tsp"]);
    }
}

#[test]
fn standard_input_that_is_none() {
    let bad = GOOD.replace("2 3 4", "2 NaN 4");
    let words = ["stratoswarm: standard input: line 8: ", "coordinate", "accepted: "];
    refused(&piped(&["run", "-"], bad.as_bytes()), 2, &words);
    refused(&program(&["run", "-"]), 2, &["standard input: the file is empty", "accepted: "]);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_input_that_cannot_be_read_to_its_end() {
    let from = |path: &Path| command(&["run", "-"]).stdin(fs::File::open(path).unwrap()).output().unwrap();
    refused(&from("/dev/zero".as_ref()), 2, &["standard input: is too large", "accepted: "]);
    let directory = tempfile::tempdir().unwrap();
    refused(&from(directory.path()), 2, &["standard input: cannot be read", "accepted: "]);
}

#[cfg(unix)]
#[test]
fn a_tour_that_would_replace_the_file_on_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("good.tsp");
    fs::write(&path, GOOD).unwrap();
    let mut command = command(&["run", "-", "--tour-out", path.to_str().unwrap()]);
    let output = command.stdin(fs::File::open(&path).unwrap()).output().unwrap();
    refused(&output, 2, &["good.tsp", "is the instance itself", "accepted: "]);
    assert_eq!(fs::read_to_string(&path).unwrap(), GOOD);
}

#[test]
fn options_that_are_none() {
    let berlin52 = berlin52();
    let berlin52 = berlin52.to_str().unwrap();
    for (options, word) in [
        (&["--agents", "0"][..], "--agents"),
        (&["--seconds", "nan"], "accepted: a number of seconds"),
        (&["--generations", "0"], "accepted: a whole number from 1 to"),
        (&["--generations", "-1"], "accepted: a whole number from 1 to"),
        (&["--seed", "-1"], "accepted: a whole number from 0 to"),
        (&["--target", "-1"], "accepted: a whole number from 0 to"),
        (&["--without", "everything"], "knowledge"),
        (&["--tour-out", "/"], "accepted: a place for a file"),
        (&["--tour-out", "/none/of/this"], "/none/of/this: cannot be written: its directory does not exist;"),
    ] {
        refused(&program(&[&["run", berlin52], options].concat()), 2, &[word]);
    }
    refused(&program(&[]), 2, &["run"]);
    refused(&program(&["run"]), 2, &["FILE.tsp"]);
}

#[test]
fn a_tour_that_would_replace_its_instance() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("good.tsp");
    fs::write(&path, GOOD).unwrap();
    let mut others = vec![path.clone(), directory.path().join(".").join("good.tsp")];
    #[cfg(unix)]
    {
        let [symbolic, hard] = ["symbolic.tour", "hard.tour"].map(|name| directory.path().join(name));
        std::os::unix::fs::symlink(&path, &symbolic).unwrap();
        fs::hard_link(&path, &hard).unwrap();
        others.extend([symbolic, hard]);
    }
    for other in &others {
        for (instance, tour) in [(&path, other), (other, &path)] {
            let arguments = ["run", instance.to_str().unwrap(), "--tour-out", tour.to_str().unwrap()];
            let words = [tour.to_str().unwrap(), "is the instance itself", "accepted: "];
            refused(&program(&arguments), 2, &words);
        }
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), GOOD);
}

#[cfg(unix)]
#[test]
fn a_tour_in_a_directory_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(directory.path().join("probe"), "").is_ok() {
        eprintln!("the superuser may write everywhere");
        return;
    }
    let (berlin52, tour) = (berlin52(), directory.path().join("best.tour"));
    let tour = tour.to_str().unwrap();
    let output = program(&["run", berlin52.to_str().unwrap(), "--tour-out", tour]);
    refused(&output, 2, &[&format!("{tour}: cannot be written: its directory is not writable;")]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};

    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = directory.path().join("secret.tsp");
    fs::write(&path, GOOD).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = command(&["run", path.to_str().unwrap()]);
    if fs::read(&path).is_ok() {
        // The superuser may read everything; somebody else may not, if that one can reach the binary at all.
        command.uid(65_534).gid(65_534);
    }
    match command.output() {
        Ok(output) => refused(&output, 2, &["secret.tsp", "cannot be read"]),
        Err(error) => eprintln!("nobody else may run the binary: {error}"),
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_never_ends() {
    refused(&program(&["run", "/dev/zero"]), 2, &["/dev/zero", "too large", "accepted: "]);
}

#[test]
fn arbitrary_bytes_are_refused_by_the_binary() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bytes.tsp");
    let mut config = ProptestConfig::with_cases(24);
    config.failure_persistence = None;
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..500))| {
        fs::write(&path, bytes).unwrap();
        refused(&run(&path), 2, &["bytes.tsp", "accepted: "]);
    });
}

#[test]
fn arbitrary_lines_of_a_file_never_panic() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lines.tsp");
    let line = prop_oneof![
        Just("DIMENSION: 2".to_owned()),
        Just("TYPE: TSP".to_owned()),
        Just("NODE_COORD_SECTION".to_owned()),
        Just("EDGE_WEIGHT_SECTION".to_owned()),
        Just("TOUR_SECTION".to_owned()),
        Just("EOF".to_owned()),
        "EDGE_WEIGHT_TYPE: (EUC_2D|CEIL_2D|ATT|GEO|EXPLICIT)",
        "EDGE_WEIGHT_FORMAT: (FULL_MATRIX|UPPER_ROW|LOWER_DIAG_ROW)",
        "[12] -?[0-9]{1,3} [0-9.e]{1,9}",
        "[0-9 ]{1,9}",
        any::<String>(),
    ];
    let mut config = ProptestConfig::with_cases(1000);
    config.failure_persistence = None;
    proptest!(config, |(lines in prop::collection::vec(line, 0..12))| {
        fs::write(&path, lines.join("\n")).unwrap();
        match read_instance(&path) {
            Ok(instance) => prop_assert!(instance.cities() >= 2),
            Err(failure) => prop_assert!(!failure.to_string().chars().any(char::is_control), "{failure:?}"),
        }
    });
}
