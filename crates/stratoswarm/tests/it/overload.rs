//! `--overload`: the swarm finds the optimum all the same, and what became of the load adds up.

use serde_json::Value;

use crate::program::{berlin52, program, refused, solve, solve_json};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

#[test]
fn under_ten_times_the_work_the_optimum_is_found_and_all_of_it_adds_up() {
    let json = solve_json(&["--overload", "10", "--target", "7542", "--seconds", "110"]);
    assert_eq!(json["best_length"], 7542);
    let services = json["overload"].as_array().unwrap();
    assert_eq!(services.len(), 2);
    for service in services {
        let [offered, turned_away, worked_on] =
            ["offered", "turned_away", "worked_on"].map(|part| number(&service[part]));
        assert!(worked_on > 0 && offered >= 10 * worked_on.saturating_sub(1), "{service}");
        let lanes = service["lanes"].as_array().unwrap();
        let sum = |part: &str| lanes.iter().map(|lane| number(&lane[part])).sum::<u64>();
        assert_eq!(
            sum("accepted"),
            sum("handed_out") + sum("expired") + number(&service["skipped"]),
            "{service}"
        );
        assert!(number(&lanes[1]["accepted"]) >= offered - turned_away, "{service}");
        assert!(number(&lanes[1]["expired"]) > 0 && number(&service["redelivered"]) > 0, "{service}");
        // What is urgent has a lane of its own: none of it expires, fails, or is lost.
        assert_eq!((&lanes[0]["lane"], number(&lanes[0]["dead"])), (&"critical".into(), 0), "{service}");
        assert_eq!(
            (number(&lanes[0]["accepted"]), number(&lanes[0]["expired"])),
            (number(&lanes[0]["handed_out"]), 0)
        );
        assert!(number(&service["urgent"]) > 0, "{service}");
        let [p50, p99] = ["urgent_p50_ms", "urgent_p99_ms"].map(|part| service[part].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p99, "{service}");
    }
    for channel in json["channels"].as_array().unwrap() {
        for reader in channel["readers"].as_array().unwrap() {
            let dead = reader.get("dead").map_or(0, number);
            let [accepted, taken, skipped, left] =
                ["accepted", "taken", "skipped", "left"].map(|part| number(&reader[part]));
            assert_eq!(accepted, taken + skipped + dead + left, "{}", channel["name"]);
        }
    }
}

#[test]
fn an_overload_changes_no_result_and_without_it_nothing_is_said() {
    let quick = ["--agents", "3", "--generations", "2"];
    let (plain, loaded) = (solve_json(&quick), solve_json(&[&quick[..], &["--overload", "3"]].concat()));
    assert_eq!(plain["tour"], loaded["tour"]);
    assert!(plain.get("overload").is_none());
    assert_eq!(plain["channels"].as_array().unwrap().len(), 8);
    assert!(!plain.to_string().contains("dead"));
    let text = solve(&[&quick[..], &["--overload", "3"]].concat());
    for said in ["overloaded  lane", "scheduler.dead", "taken + skipped + dead + left", "ms (p99)"] {
        assert!(text.contains(said), "{text} lacks {said}");
    }
}

#[test]
fn an_overload_that_is_none_is_refused_in_one_line() {
    let berlin52 = berlin52();
    for value in ["0", "1", "1001", "-3", "ten"] {
        let output = program(&["run", berlin52.to_str().unwrap(), "--overload", value]);
        refused(&output, 2, &["--overload", "accepted: a whole number from 2 to 1000"]);
    }
}
