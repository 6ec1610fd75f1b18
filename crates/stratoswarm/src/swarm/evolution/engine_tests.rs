use proptest::prelude::*;

use super::*;

fn engine(cities: usize) -> Evolution {
    let registry = stratoswarm_core::ChannelRegistry::new();
    Evolution::new(cities, BufferId::from_u128(1), 1, Meter::new(), registry.gpu().downgrade())
}

fn genome(order: &[u32]) -> Bytes {
    TourBatch::new(vec![order.to_vec()]).encode()
}

fn newcomer(length: i64) -> Individual {
    Individual { genome: genome(&[0, 1, 2, 3]), fitness: fitness(length) }
}

const HOME: PopulationId = PopulationId::from_u128(1);

fn populated() -> Evolution {
    let mut engine = engine(4);
    engine.step(Step { population: HOME, offspring: [30, 10, 20, 40].map(newcomer).to_vec() }).unwrap();
    engine
}

#[test]
fn a_step_reports_what_it_brought() {
    let mut engine = populated();
    let mut step = |lengths: &[i64]| {
        let offspring = lengths.iter().copied().map(newcomer).collect();
        engine.step(Step { population: HOME, offspring }).unwrap()
    };
    let same = GenerationReport { generation: 2, survivors: 1, best_fitness: -10.0, improved: false };
    assert_eq!(step(&[15, 10]), same);
    let better = GenerationReport { generation: 3, survivors: 1, best_fitness: -5.0, improved: true };
    assert_eq!(step(&[5]), better);
    assert_eq!(step(&[]).generation, 4);
}

#[test]
fn every_strategy_chooses_as_many_as_asked_for() {
    let engine = populated();
    for strategy in [
        SelectionStrategy::Tournament { size: 3 },
        SelectionStrategy::Roulette,
        SelectionStrategy::Rank,
        SelectionStrategy::Elitist,
    ] {
        let selection = Selection { population: HOME, strategy, count: 3, seed: 5 };
        let parents = engine.select(&selection).unwrap();
        assert_eq!(parents.individuals.len(), 3, "{strategy:?}");
        assert_eq!(engine.select(&selection), Ok(parents), "{strategy:?}: the seed decides");
    }
    let best = Selection { population: HOME, strategy: SelectionStrategy::Elitist, count: 9, seed: 0 };
    let fitness: Vec<_> = engine.select(&best).unwrap().individuals.iter().map(|one| one.fitness).collect();
    assert_eq!(fitness, [-10.0, -20.0, -30.0, -40.0]);
}

#[test]
fn the_best_is_that_of_the_population_or_of_all() {
    let mut engine = populated();
    assert_eq!(engine.best(&GetBest { population: None }), Ok(newcomer(10)));
    let other = PopulationId::from_u128(2);
    let unknown = Err(EvolutionFault::UnknownPopulation { population: other });
    assert_eq!(engine.best(&GetBest { population: Some(other) }), unknown);
    engine.step(Step { population: other, offspring: vec![newcomer(3)] }).unwrap();
    assert_eq!(engine.best(&GetBest { population: None }), Ok(newcomer(3)));
    assert_eq!(engine.best(&GetBest { population: Some(HOME) }), Ok(newcomer(10)));
}

#[test]
fn what_is_no_genome_is_refused() {
    let mut engine = engine(4);
    assert_eq!(engine.best(&GetBest { population: None }), Err(EvolutionFault::Empty));
    assert_eq!(engine.step(Step { population: HOME, offspring: Vec::new() }), Err(EvolutionFault::Empty));
    for (genome, fitness) in [
        (Bytes::from_static(b"abc"), -1.0),
        (genome(&[0, 1, 2, 3]), f64::NAN),
        (genome(&[0, 1, 2, 3]), f64::NEG_INFINITY),
    ] {
        let offspring = vec![Individual { genome, fitness }];
        assert!(matches!(
            engine.step(Step { population: HOME, offspring }),
            Err(EvolutionFault::InvalidGenome { .. })
        ));
    }
    for bad in [genome(&[0, 1, 2]), genome(&[0, 1, 2, 2]), genome(&[0, 1, 2, 3, 3, 2, 1, 0])] {
        let parents = vec![Individual { genome: bad, fitness: -1.0 }];
        let mutation = Mutation { parents, count: 1, rate: 0.5, seed: 1 };
        assert!(matches!(offspring(&mutation, 4), Err(EvolutionFault::InvalidGenome { .. })));
    }
    let nobody = Mutation { parents: Vec::new(), count: 1, rate: 0.5, seed: 1 };
    assert_eq!(offspring(&nobody, 4), Err(EvolutionFault::Empty));
}

#[tokio::test]
async fn without_a_device_nothing_is_measured() {
    let engine = engine(4);
    let measured = engine.measure(EvaluateFitness { genomes: vec![genome(&[0, 1, 2, 3])] }).await;
    assert!(matches!(measured, Err(EvolutionFault::Unmeasured { .. })));
    assert!(engine.measure(EvaluateFitness { genomes: vec![genome(&[0, 1])] }).await.is_err());
    let nothing = engine.measure(EvaluateFitness { genomes: Vec::new() }).await;
    assert_eq!(nothing, Ok(FitnessValues { values: Vec::new() }));
}

proptest! {
    #[test]
    fn offspring_are_tours_and_follow_from_the_seed(
        parents in prop::collection::vec(Just((0u32..9).collect::<Vec<_>>()).prop_shuffle(), 1..5),
        count in 0u32..6, rate in 0.0..=1.0, seed in any::<u64>(),
    ) {
        let parents = parents.iter().map(|parent| Individual { genome: genome(parent), fitness: -1.0 }).collect();
        let mutation = Mutation { parents, count, rate, seed };
        let made = offspring(&mutation, 9).unwrap();
        prop_assert_eq!(made.genomes.len(), count as usize);
        for genome in &made.genomes {
            prop_assert!(order(genome, 9).is_ok());
        }
        prop_assert_eq!(offspring(&mutation, 9).unwrap(), made);
    }
}
