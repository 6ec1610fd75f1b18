use serde_json::Value;

use crate::program::solve_json;

/// What a run came to, without what is measured.
fn result(options: &[&str]) -> (Value, Value, Value) {
    let json = solve_json(options);
    (json["best_length"].clone(), json["tour"].clone(), json["generations"].clone())
}

#[test]
fn one_agent_repeats_itself() {
    let options = ["--agents", "1", "--generations", "6", "--seed", "5"];
    assert_eq!(result(&options), result(&options));
}

#[test]
fn many_agents_repeat_themselves_across_epochs() {
    let options = ["--agents", "7", "--generations", "6", "--seed", "5"];
    assert_eq!(result(&options), result(&options));
}

#[test]
fn seeds_differ() {
    let run = |seed| result(&["--agents", "1", "--generations", "1", "--seed", seed]);
    let first = run("1");
    // One other seed could find the same tour, three will not.
    assert!(["2", "3", "4"].iter().any(|seed| run(seed) != first));
}
