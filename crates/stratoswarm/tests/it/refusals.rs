use proptest::prelude::*;
use stratoswarm::tsplib::{TspError, parse_instance, parse_tour};

const GOOD: &str = "NAME: g\nTYPE: TSP\nCOMMENT: c\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n\
                    1 0 0\n2 3 4\n3 6 8\nEOF\n";
const MATRIX: &str = "TYPE: TSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\n\
                      EDGE_WEIGHT_SECTION\n0 1 2\n1 0 3\n2 3 0\nEOF\n";

fn refusal(text: &str) -> TspError {
    parse_instance(text.as_bytes()).expect_err(text)
}

/// Replaces `from` in `base` and expects a refusal in `line` whose text has all of `words`.
#[track_caller]
fn refused(base: &str, from: &str, to: &str, line: u64, words: &[&str]) {
    assert!(base.contains(from));
    let error = refusal(&base.replace(from, to));
    let text = error.to_string();
    assert_eq!(error.line, Some(line), "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text} lacks one of {words:?}");
    assert!(!text.contains('\n') && text.len() < 400, "{text}");
}

#[test]
fn the_examples_are_accepted_as_they_stand() {
    assert_eq!(parse_instance(GOOD.as_bytes()).unwrap().weight(0, 2), 10);
    assert_eq!(parse_instance(MATRIX.as_bytes()).unwrap().weight(0, 2), 2);
}

#[test]
fn dimensions_that_cannot_be() {
    for wrong in
        ["0", "1", "-3", "x", "", "1000000000000000000", "99999999999999999999999999", "200001", "3.5"]
    {
        refused(GOOD, "DIMENSION: 3", &format!("DIMENSION: {wrong}"), 4, &["DIMENSION", "2 to 200000"]);
    }
    refused(GOOD, "DIMENSION: 3", "DIMENSION: 4", 9, &["ends after 3 of 4 nodes"]);
    refused(GOOD, "DIMENSION: 3", "DIMENSION: 2", 9, &["more data than DIMENSION 2", "\"3\""]);
    refused(GOOD, "DIMENSION: 3\n", "", 5, &["NODE_COORD_SECTION before DIMENSION"]);
    refused(GOOD, "DIMENSION: 3", "DIMENSION: 3\nDIMENSION: 3", 5, &["second time"]);
}

#[test]
fn nodes_that_cannot_be() {
    refused(GOOD, "2 3 4", "1 3 4", 8, &["node 1 for the second time"]);
    refused(GOOD, "2 3 4", "4 3 4", 8, &["node \"4\"", "1 to 3"]);
    refused(GOOD, "2 3 4", "0 3 4", 8, &["node \"0\"", "1 to 3"]);
    refused(GOOD, "2 3 4\n", "", 8, &["ends after 2 of 3 nodes"]);
    for wrong in ["2 nan 4", "2 inf 4", "2 3 1e999", "2 3 four"] {
        refused(GOOD, "2 3 4", wrong, 8, &["coordinate", "finite"]);
    }
    for wrong in ["2 3", "2 3 4 5", "2"] {
        refused(GOOD, "2 3 4", wrong, 8, &["no node", "NODE X Y"]);
    }
    let far = refusal(&GOOD.replace("2 3 4", "2 3e9 4")).to_string();
    assert!(far.contains("nodes 1 and 2 lie 3") && far.contains("apart"), "{far}");
}

#[test]
fn cities_that_lie_nowhere_on_earth() {
    let geo = GOOD.replace("EUC_2D", "GEO");
    for wrong in ["2 90.01 4", "2 -91 4", "2 3 180.3", "2 3 -1e9"] {
        refused(
            &geo,
            "2 3 4",
            wrong,
            8,
            &["is beyond", "latitude from -90 to 90 and longitude from -180 to 180"],
        );
    }
    for right in ["2 90 180", "2 -90 -180.0"] {
        assert!(parse_instance(geo.replace("2 3 4", right).as_bytes()).is_ok(), "{right}");
    }
    assert!(parse_instance(GOOD.replace("2 3 4", "2 300 400").as_bytes()).is_ok(), "only GEO has limits");
}

#[test]
fn types_that_are_not_supported() {
    refused(GOOD, "TYPE: TSP\n", "TYPE: ATSP\n", 2, &["\"ATSP\"", "accepted: TSP"]);
    refused(GOOD, "EUC_2D", "EUC_3D", 5, &["EUC_3D", "EUC_2D, CEIL_2D, ATT, GEO, EXPLICIT"]);
    refused(GOOD, "EDGE_WEIGHT_TYPE: EUC_2D\n", "", 5, &["before EDGE_WEIGHT_TYPE"]);
    refused(GOOD, "NAME: g", "NODE_COORD_TYPE: THREED_COORDS", 1, &["TWOD_COORDS"]);
    refused(GOOD, "NAME: g", "FIXED_EDGES_SECTION", 1, &["fixed edges"]);
    refused(GOOD, "NAME: g", "DEMAND_SECTION", 1, &["no keyword", "NODE_COORD_SECTION"]);
    refused(GOOD, "NAME: g", "TOUR_SECTION", 1, &["TOUR_SECTION in an instance"]);
    refused(GOOD, "EUC_2D", "EXPLICIT", 6, &["EDGE_WEIGHT_SECTION"]);
    refused(MATRIX, "EXPLICIT", "GEO", 5, &["NODE_COORD_SECTION"]);
    refused(MATRIX, "FULL_MATRIX", "WHOLE_MATRIX", 4, &["WHOLE_MATRIX", "UPPER_ROW", "LOWER_DIAG_COL"]);
    let words =
        ["FUNCTION is not accepted with EDGE_WEIGHT_TYPE EXPLICIT", "accepted: FULL_MATRIX, UPPER_ROW"];
    refused(MATRIX, "FULL_MATRIX", "FUNCTION", 4, &words);
    let (kind, function) = ("EDGE_WEIGHT_TYPE: EXPLICIT\n", "EDGE_WEIGHT_FORMAT: FUNCTION\n");
    let given = "EDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\n";
    refused(MATRIX, given, &format!("{function}{kind}"), 3, &words);
    let computed = GOOD.replace("EUC_2D\n", &format!("EUC_2D\n{function}"));
    assert!(parse_instance(computed.as_bytes()).is_ok());
    refused(MATRIX, "EDGE_WEIGHT_FORMAT: FULL_MATRIX\n", "", 4, &["before EDGE_WEIGHT_FORMAT"]);
}

#[test]
fn matrices_that_cannot_be() {
    refused(MATRIX, "2 3 0", "2 3", 8, &["ends after 8 of 9 weights"]);
    refused(MATRIX, "2 3 0", "2 3 0 7", 8, &["more than the 9 weights"]);
    refused(MATRIX, "2 3 0", "2 3 0\n7", 9, &["more data than DIMENSION 3"]);
    refused(MATRIX, "2 3 0", "2 4 0", 8, &["from 3 to 2 is 4, from 2 to 3 it is 3", "symmetric"]);
    for wrong in ["-1", "1.5", "2147483648", "nan"] {
        refused(MATRIX, "0 1 2", &format!("0 {wrong} 2"), 6, &["weight", "0 to 2147483647"]);
    }
}

#[test]
fn files_that_end_too_early() {
    assert_eq!(refusal("").to_string(), "the file is empty; accepted: a TSPLIB instance");
    for text in ["\n \n", "NAME: x\n", "NAME: x\nEOF\n"] {
        let error = refusal(text).to_string();
        assert!(error.contains("the file ends before DIMENSION") && !error.contains("EOF"), "{error}");
    }
    let error = refusal("DIMENSION: 3\n").to_string();
    assert!(error.contains("line 1: the file ends before EDGE_WEIGHT_TYPE"), "{error}");
    refused(GOOD, "NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 6 8\n", "", 6, &["without NODE_COORD_SECTION"]);
    let whole = GOOD.trim_end_matches("EOF\n").trim_end();
    for end in 0..whole.len() - 1 {
        refusal(&whole[..end]);
    }
}

#[test]
fn tours_that_cannot_be() {
    let good = "TYPE: TOUR\nDIMENSION: 3\nTOUR_SECTION\n1 3\n2\n-1\nEOF\n";
    assert_eq!(parse_tour(good.as_bytes()).unwrap().nodes, [0, 2, 1]);
    for (from, to, line, word) in [
        ("TYPE: TOUR", "TYPE: TSP", 1, "TOUR"),
        ("1 3", "1 1", 4, "second time"),
        ("1 3", "1 4", 4, "node \"4\""),
        ("1 3", "1", 6, "ends after 2 of 3"),
        ("TOUR_SECTION\n1 3\n2\n-1\n", "", 3, "without TOUR_SECTION"),
        ("DIMENSION: 3\n", "", 5, "ok"),
    ] {
        match parse_tour(good.replace(from, to).as_bytes()) {
            Ok(tour) => assert_eq!((word, tour.nodes.len()), ("ok", 3)),
            Err(error) => {
                assert_eq!(error.line, Some(line), "{error}");
                assert!(error.to_string().contains(word), "{error}");
            }
        }
    }
}

/// A valid file with some of its bytes replaced, removed or doubled.
fn damaged(base: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let damage = (0..base.len(), any::<u8>(), 0usize..4);
    prop::collection::vec(damage, 1..8).prop_map(move |damages| {
        let mut bytes = base.as_bytes().to_vec();
        for (at, byte, how) in damages {
            let at = at.min(bytes.len().saturating_sub(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

fn answers_in_one_line(bytes: &[u8]) {
    for error in [parse_instance(bytes).err(), parse_tour(bytes).err()].into_iter().flatten() {
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.contains("accepted: "), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        answers_in_one_line(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(bytes in prop_oneof![damaged(GOOD), damaged(MATRIX)]) {
        answers_in_one_line(&bytes);
    }
}
