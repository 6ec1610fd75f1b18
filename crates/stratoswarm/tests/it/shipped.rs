use stratoswarm::{
    tour::Tour,
    tsplib::{WeightType, parse_instance, parse_tour},
};

const INSTANCE: &[u8] = include_bytes!("../../../../data/berlin52.tsp");
const OPTIMUM: &[u8] = include_bytes!("../../../../data/berlin52.opt.tour");

#[test]
fn the_published_tour_of_berlin52_measures_7542() {
    let instance = parse_instance(INSTANCE).unwrap();
    assert_eq!(
        (instance.name(), instance.cities(), instance.weight_type()),
        ("berlin52", 52, WeightType::Euc2d)
    );
    let tour = parse_tour(OPTIMUM).unwrap();
    let tour = Tour::new(tour.nodes.iter().map(|&city| u32::try_from(city).unwrap()).collect(), 52).unwrap();
    assert_eq!(tour.length(&instance), 7542);
}

#[test]
fn berlin52_in_file_order_measures_22205() {
    let instance = parse_instance(INSTANCE).unwrap();
    assert_eq!(Tour::new((0..52).collect(), 52).unwrap().length(&instance), 22_205);
}
