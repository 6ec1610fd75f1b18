use serde_json::Value;

use crate::program::{instance, program, solve_json};

#[test]
fn berlin52_comes_close_to_the_optimum_even_in_a_few_generations() {
    let json = solve_json(&["--agents", "4", "--generations", "3"]);
    let length = json["best_length"].as_u64().unwrap();
    assert!((7542..7542 + 7542 / 50).contains(&length), "{length}");
}

#[test]
fn a_circle_of_cities_is_found_whatever_the_weights_are() {
    // On a circle the optimum is to go round; every distance function agrees on that.
    let cities = 100u32;
    let at = |node: u32| {
        let angle = f64::from(node * 37 % cities) / f64::from(cities) * std::f64::consts::TAU;
        (5000.0 + 5000.0 * angle.cos(), 5000.0 + 5000.0 * angle.sin())
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("circle.tsp");
    for kind in ["EUC_2D", "CEIL_2D", "ATT"] {
        std::fs::write(&path, instance(kind, cities, |node| at(node - 1))).unwrap();
        let output =
            program(&["run", path.to_str().unwrap(), "--json", "--agents", "2", "--generations", "3"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let places: Vec<_> = json["tour"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (u32::try_from(node.as_u64().unwrap()).unwrap() - 1) * 37 % cities)
            .collect();
        let next = places.iter().cycle().skip(1);
        let jumps = places.iter().zip(next).filter(|(a, b)| ![1, cities - 1].contains(&a.abs_diff(**b)));
        assert_eq!(jumps.count(), 0, "{kind}: {places:?}");
    }
}

#[test]
fn grids_whose_optimum_is_known_come_within_two_percent() {
    // Two points of the grid are at least one spacing apart, and with an even number of points a tour exists that
    // only goes from neighbour to neighbour: the optimum is the number of points times the spacing.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grid.tsp");
    for (columns, rows) in [(10, 10), (12, 12), (15, 10)] {
        let cities = columns * rows;
        // 37 has no divisor in common with any of the sizes: the file lists the points in a scattered order.
        let at = |node: u32| (node - 1) * 37 % cities;
        let text = instance("EUC_2D", cities, |node| {
            (f64::from(at(node) % columns * 10), f64::from(at(node) / columns * 10))
        });
        std::fs::write(&path, text).unwrap();
        let arguments = ["--json", "--agents", "4", "--generations", "4", "--seed", "1"];
        let output = program(&[&["run", path.to_str().unwrap()], &arguments[..]].concat());
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (length, optimum) = (json["best_length"].as_u64().unwrap(), u64::from(cities) * 10);
        assert!((optimum..=optimum + optimum / 50).contains(&length), "{columns} x {rows}: {length}");
    }
}

/// A matrix of 100 cities and its optimum. Every city has a price, and an edge costs its two ends' prices and a random
/// extra, which is 0 along one scattered tour. Every tour pays every price twice, so none is shorter than that one.
fn planted() -> (String, u64) {
    const CITIES: u64 = 100;
    let mut state = 12_345_u64;
    // Knuth's MMIX generator.
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let prices: Vec<_> = (0..CITIES).map(|_| below(20)).collect();
    // 37 * 73 = 27 * 100 + 1: multiplying by 73 undoes multiplying by 37.
    let place = |city: u64| city * 73 % CITIES;
    let mut lines = vec![format!("DIMENSION: {CITIES}\nEDGE_WEIGHT_TYPE: EXPLICIT")];
    lines.push("EDGE_WEIGHT_FORMAT: LOWER_ROW\nEDGE_WEIGHT_SECTION".to_owned());
    for row in 1..CITIES {
        for column in 0..row {
            let extra = below(200);
            let planted = [1, CITIES - 1].contains(&place(row).abs_diff(place(column)));
            let ends = prices[row as usize] + prices[column as usize];
            lines.push((ends + if planted { 0 } else { extra }).to_string());
        }
    }
    lines.push("EOF\n".to_owned());
    (lines.join("\n"), 2 * prices.iter().sum::<u64>())
}

#[test]
fn a_planted_optimum_is_met_within_two_percent() {
    let (text, optimum) = planted();
    assert_eq!(optimum, 1696);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("planted.tsp");
    std::fs::write(&path, text).unwrap();
    let best = |options: &[&str]| {
        let output = program(&[&["run", path.to_str().unwrap(), "--json", "--seed", "1"], options].concat());
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["best_length"].as_u64().unwrap()
    };
    let swarm = best(&["--agents", "4", "--generations", "4"]);
    assert!((optimum..=optimum + optimum / 50).contains(&swarm), "{swarm}");
    let alone = best(&["--agents", "1", "--generations", "1"]);
    assert!(alone > swarm, "one agent's first generation is as good as the swarm: {alone}, {swarm}");
}
