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
