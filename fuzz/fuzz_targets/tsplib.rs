//! Whatever the bytes of a file are, reading them ends with a value or with one line of error.
//!
//! The module is included as a file, so that nothing but the parser is built with the sanitizer.
#![no_main]

#[allow(dead_code, unused_imports)]
#[path = "../../crates/stratoswarm/src/tsplib/mod.rs"]
mod tsplib;

use libfuzzer_sys::fuzz_target;
use tsplib::{Instance, TourFile, TspError, parse_instance, parse_tour};

/// The most cities of which all distances are computed.
const FEW: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    match parse_instance(bytes) {
        Ok(instance) => has_distances(&instance),
        Err(error) => is_one_line(&error),
    }
    match parse_tour(bytes) {
        Ok(tour) => is_a_tour(&tour),
        Err(error) => is_one_line(&error),
    }
});

fn has_distances(instance: &Instance) {
    let cities = instance.cities();
    assert!(cities >= 2);
    for from in 0..cities.min(FEW) {
        for to in 0..cities.min(FEW) {
            let weight = instance.weight(from, to);
            assert!(weight >= 0, "{weight} from {from} to {to}");
            assert_eq!(weight, instance.weight(to, from), "from {from} to {to}");
        }
    }
}

/// Every node once, and the same nodes when it is written and read again.
fn is_a_tour(tour: &TourFile) {
    let mut sorted = tour.nodes.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..sorted.len()), "{:?}", tour.nodes);
    let written = tour.to_string();
    match parse_tour(written.as_bytes()) {
        Ok(again) => assert_eq!(again.nodes, tour.nodes),
        // DIMENSION is at least 2.
        Err(error) => assert!(tour.nodes.len() < 2, "{error}: {written}"),
    }
}

fn is_one_line(error: &TspError) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.contains("accepted: ") && text.len() < 1000, "{text:?}");
}
