use std::{fs, process::Command};

use serde_json::Value;
use stratoswarm::{
    tour::Tour,
    tsplib::{Instance, parse_instance, parse_tour},
};

use crate::program::{berlin52, command, instance as file, piped, program, refused, solve, solve_json};

const QUICK: [&str; 4] = ["--agents", "3", "--generations", "2"];

fn instance() -> Instance {
    parse_instance(include_bytes!("../../../../data/berlin52.tsp")).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

#[test]
fn the_object_has_its_keys_and_they_are_true() {
    let json = solve_json(&QUICK);
    for key in ["instance", "best_length", "tour", "generations", "elapsed_s", "channels"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!((&json["instance"], &json["generations"]), (&"berlin52".into(), &2.into()));
    let order = json["tour"].as_array().unwrap().iter().map(|node| u32::try_from(number(node)).unwrap() - 1);
    let tour = Tour::new(order.collect(), 52).unwrap();
    assert_eq!(json["best_length"], tour.length(&instance()));
    let channel_share = json["channel_share"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&channel_share), "{channel_share}");
}

#[test]
fn every_channel_carries_messages_and_every_account_balances() {
    let json = solve_json(&QUICK);
    let channels = json["channels"].as_array().unwrap();
    let names: Vec<_> = channels.iter().map(|channel| channel["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["scheduler", "evolution", "gpu", "governor", "cost", "efficiency", "knowledge", "events"]
    );
    for channel in channels {
        let name = &channel["name"];
        let (sent, asked) = (number(&channel["sent"]), number(&channel["asked"]));
        assert!(sent > 0 && number(&channel["delivered"]) > 0, "{name}");
        assert_eq!((asked, number(&channel["expired"])), (number(&channel["answered"]), 0), "{name}");
        assert!(asked > 0 || name == "events", "{name}");
        assert!(number(&channel["most_waiting"]) <= number(&channel["capacity"]), "{name}");
        let readers = channel["readers"].as_array().unwrap();
        assert!(!readers.is_empty(), "{name}");
        for reader in readers {
            let [accepted, taken, skipped, left] =
                ["accepted", "taken", "skipped", "left"].map(|part| number(&reader[part]));
            assert_eq!(accepted, taken + skipped + left, "{name}");
            assert_eq!((accepted, left), (sent, 0), "{name}: everything sent was meant for the one reader");
        }
    }
}

#[test]
fn the_text_has_the_result_and_the_table() {
    let text = solve(&QUICK);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("berlin52: a tour of length "), "{text}");
    assert!(lines[0].ends_with("(all generations are done)"), "{text}");
    assert!(lines[1].starts_with("tour: ") && lines[1].split(' ').count() == 53, "{text}");
    assert!(lines[3].starts_with("channel "), "{text}");
    assert_eq!(lines.len(), 4 + 8 + 3, "{text}");
}

#[test]
fn the_tour_is_written_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("best.tour");
    let json = solve_json(&[&QUICK[..], &["--tour-out", path.to_str().unwrap()]].concat());
    let file = parse_tour(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(file.comment, format!("Length {}", json["best_length"]));
    let nodes: Vec<_> =
        json["tour"].as_array().unwrap().iter().map(|node| number(node) as usize - 1).collect();
    assert_eq!(file.nodes, nodes);
}

#[test]
fn standard_input_is_solved_as_the_file_is() {
    let input = fs::read(berlin52()).unwrap();
    let output = piped(&[&["run", "-", "--json"], &QUICK[..]].concat(), &input);
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true));
    let (piped, read): (Value, _) = (serde_json::from_slice(&output.stdout).unwrap(), solve_json(&QUICK));
    for key in ["instance", "best_length", "tour"] {
        assert_eq!(piped[key], read[key], "{key}");
    }
}

#[test]
fn a_target_ends_the_run() {
    let json = solve_json(&["--agents", "2", "--target", "9000"]);
    assert_eq!(json["ended"], "target");
    assert!(number(&json["best_length"]) <= 9000);
}

#[test]
fn time_ends_the_run() {
    let json = solve_json(&["--agents", "2", "--seconds", "0.7"]);
    assert_eq!(json["ended"], "seconds");
    assert!(json["elapsed_s"].as_f64().unwrap() < 10.0);
}

#[test]
fn the_smallest_instances_and_more_agents_than_tours() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("small.tsp");
    for cities in [2, 3, 5, 8] {
        let text = file("EUC_2D", cities, |node| (f64::from(node * node), f64::from(node % 3)));
        fs::write(&path, text).unwrap();
        let output =
            program(&["run", path.to_str().unwrap(), "--json", "--generations", "3", "--agents", "20"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["tour"].as_array().unwrap().len(), cities as usize);
        assert_eq!(json["generations"], 3);
    }
}

#[test]
fn cities_at_one_place_have_a_tour_of_length_0() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("point.tsp");
    fs::write(&path, file("CEIL_2D", 12, |_| (1.0, 1.0))).unwrap();
    let output = program(&["run", path.to_str().unwrap(), "--json", "--target", "0", "--agents", "2"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["best_length"], &json["ended"]), (&0.into(), &"target".into()));
}

#[test]
fn help_goes_to_standard_output() {
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let output = program(arguments);
        assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true));
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    for columns in [50, 70, 120] {
        let mut command = command(&["run", "--help"]);
        let output = command.env("COLUMNS", columns.to_string()).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!((columns - 15..=columns).contains(&widest), "{widest} of {columns}:\n{help}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_and_a_closed_pipe_is_none() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let berlin52 = berlin52();
    let arguments = [&["run", berlin52.to_str().unwrap()], &QUICK[..]].concat();
    let output = command(&arguments).stdout(full).output().unwrap();
    refused(&output, 1, &["standard output"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut closed: Command = command(&arguments);
    let output = closed.stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}
