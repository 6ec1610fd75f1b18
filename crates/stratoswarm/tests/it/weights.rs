use stratoswarm::tsplib::parse_instance;

fn matrix(format: &str, weights: &str) -> String {
    format!(
        "NAME: m\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {format}\n\
         EDGE_WEIGHT_SECTION\n{weights}\nEOF\n"
    )
}

#[test]
fn every_format_of_one_matrix_is_the_same_instance() {
    let formats = [
        ("FULL_MATRIX", "0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0"),
        ("UPPER_ROW", "1 2 3\n4 5\n6"),
        ("LOWER_ROW", "1\n2 4\n3 5 6"),
        ("UPPER_DIAG_ROW", "9 1 2 3 9 4 5\n9 6 9"),
        ("LOWER_DIAG_ROW", "0\n1 0\n2 4\n0 3 5 6 0"),
        ("UPPER_COL", "1\n2 4\n3 5 6"),
        ("LOWER_COL", "1 2 3\n4 5\n6"),
        ("UPPER_DIAG_COL", "0\n1 0\n2 4\n0 3 5 6 0"),
        ("LOWER_DIAG_COL", "9 1 2 3 9 4 5\n9 6 9"),
    ];
    for (format, weights) in formats {
        let instance = parse_instance(matrix(format, weights).as_bytes()).unwrap();
        let read: Vec<_> = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
            .iter()
            .map(|&(a, b)| instance.weight(b, a))
            .collect();
        assert_eq!(read, [1, 2, 3, 4, 5, 6], "{format}");
        assert_eq!(instance.weight(2, 2), 0, "{format}");
    }
}

#[test]
fn display_data_and_unordered_nodes_are_fine() {
    let text =
        matrix("UPPER_ROW", "1 2 3 4 5 6").replace("EOF", "DISPLAY_DATA_SECTION\n1 0.5 0.5\n2 1 1\nEOF");
    assert_eq!(parse_instance(text.as_bytes()).unwrap().weight(2, 3), 6);
    let text = "type : tsp (A. Name)\ndimension : 3\nedge_weight_type : CEIL_2D\nnode_coord_section\n\
                3 0 1.5e0\n1 0 0\n\n2 +2. -0";
    let instance = parse_instance(text.as_bytes()).unwrap();
    assert_eq!((instance.weight(0, 1), instance.weight(0, 2)), (2, 2));
}

#[test]
fn geographical_distances_are_those_of_the_published_optimum() {
    // ulysses16 and a tour of 6859, its published optimum.
    let text = "NAME: ulysses16\nTYPE: TSP\nDIMENSION: 16\nEDGE_WEIGHT_TYPE: GEO\nNODE_COORD_SECTION\n\
                1 38.24 20.42\n2 39.57 26.15\n3 40.56 25.32\n4 36.26 23.12\n5 33.48 10.54\n6 37.56 12.19\n\
                7 38.42 13.11\n8 37.52 20.44\n9 41.23 9.10\n10 41.17 13.05\n11 36.08 -5.21\n12 38.47 15.13\n\
                13 38.15 15.35\n14 37.51 15.17\n15 35.49 14.32\n16 39.36 19.56\nEOF\n";
    let instance = parse_instance(text.as_bytes()).unwrap();
    let tour = [1, 14, 13, 12, 7, 6, 15, 5, 11, 9, 10, 16, 3, 2, 4, 8];
    let length: i32 = (0..16).map(|at| instance.weight(tour[at] - 1, tour[(at + 1) % 16] - 1)).sum();
    assert_eq!(length, 6859);
}
