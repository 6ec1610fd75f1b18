use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use rand::RngExt as _;
use stratoswarm_core::{
    Receiver, RequestError, WeakChannel,
    messages::{
        BufferId, EvaluateFitness, EvolutionCall, EvolutionFault, EvolutionMessage, FitnessValues,
        GenerationReport, GetBest, GpuCommand, GpuFault, Individual, LaunchKernel, Mutation, Offspring,
        Parents, PopulationId, Selection, SelectionStrategy, Step, TransferFromDevice, TransferToDevice,
    },
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{Island, Member, breed};
use crate::{
    search::{elitist, rank, roulette, stream, tournament},
    swarm::{Meter, device::Kernel},
    tour::{Tour, TourBatch},
};

/// Serves the `evolution` channel: a population per agent, genomes that are tours, the fitness a tour's length with
/// its sign turned round.
///
/// Lengths are measured by the device. Breeding long tours takes a while, so it happens on a thread that may block.
#[derive(Debug)]
pub struct Evolution {
    cities: usize,
    problem: BufferId,
    meter: Meter,
    device: WeakChannel<GpuCommand>,
    islands: BTreeMap<PopulationId, Island>,
    breeding: Arc<Semaphore>,
    pool: Arc<BufferPool>,
}

/// How long the device may take to measure a batch, its queue included.
const MEASURING: Duration = Duration::from_secs(600);

/// Parents of fewer bytes than this are bred on the spot.
const SHORT_BYTES: usize = 16 << 10;

/// The streams that measuring uses; the agents have those from 0 up.
const FIRST_STREAM: u32 = 1 << 31;

impl Evolution {
    /// An engine for tours of so many cities, whose problem lies in the device's buffer `problem`; it breeds on up to
    /// `threads` threads (at least one).
    pub fn new(
        cities: usize,
        problem: BufferId,
        threads: u32,
        meter: Meter,
        device: WeakChannel<GpuCommand>,
    ) -> Self {
        let breeding = Arc::new(Semaphore::new(threads.max(1) as usize));
        Self { cities, problem, meter, device, islands: BTreeMap::new(), breeding, pool: Arc::default() }
    }

    /// Serves until the channel is closed and drained, and everything asked is answered.
    pub async fn serve(mut self, mut messages: Receiver<EvolutionMessage>) {
        let mut running = JoinSet::new();
        let meter = self.meter.clone();
        while let Some(delivery) = meter.of(messages.recv()).await {
            match EvolutionCall::from(delivery) {
                EvolutionCall::Step(step, reply) => {
                    let report = self.step(step);
                    meter.of_call(|| reply.send(report));
                }
                EvolutionCall::EvaluateFitness(evaluate, reply) => {
                    let (measured, meter) = (self.measure(evaluate), meter.clone());
                    running.spawn(async move {
                        let values = measured.await;
                        meter.of_call(|| reply.send(values));
                    });
                }
                EvolutionCall::Selection(selection, reply) => {
                    let parents = self.select(&selection);
                    meter.of_call(|| reply.send(parents));
                }
                EvolutionCall::Mutation(mutation, reply) => {
                    let (cities, meter) = (self.cities, meter.clone());
                    if cities * size_of::<u32>() < SHORT_BYTES {
                        let offspring = offspring(&mutation, cities);
                        meter.of_call(|| reply.send(offspring));
                        continue;
                    }
                    let breeding = Arc::clone(&self.breeding);
                    running.spawn(async move {
                        // Never closed, so it cannot fail.
                        let Ok(_thread) = breeding.acquire_owned().await else { return };
                        let bred = tokio::task::spawn_blocking(move || offspring(&mutation, cities)).await;
                        // Where it panicked the responder is dropped unused, which tells the caller.
                        if let Ok(offspring) = bred {
                            meter.of_call(|| reply.send(offspring));
                        }
                    });
                }
                EvolutionCall::GetBest(get, reply) => {
                    let best = self.best(&get);
                    meter.of_call(|| reply.send(best));
                }
            }
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }

    fn step(&mut self, step: Step) -> Result<GenerationReport, EvolutionFault> {
        let newcomers = step.offspring.into_iter().map(|individual| member(individual, self.cities));
        let newcomers = newcomers.collect::<Result<Vec<_>, _>>()?;
        let island = match self.islands.entry(step.population) {
            Entry::Occupied(island) => island.into_mut(),
            Entry::Vacant(_) if newcomers.is_empty() => return Err(EvolutionFault::Empty),
            Entry::Vacant(place) => place.insert(Island::new()),
        };
        let before = island.best().map(|best| best.length);
        let survivors = island.survive(newcomers) as u32;
        let best = island.best().ok_or(EvolutionFault::Empty)?.length;
        Ok(GenerationReport {
            generation: island.generation(),
            survivors,
            best_fitness: fitness(best),
            improved: before.is_none_or(|before| best < before),
        })
    }

    fn select(&self, selection: &Selection) -> Result<Parents, EvolutionFault> {
        let population = selection.population;
        let island = self.islands.get(&population).ok_or(EvolutionFault::UnknownPopulation { population })?;
        let costs = island.costs();
        let rng = &mut stream(selection.seed, 0);
        let count = selection.count as usize;
        let chosen: Vec<usize> = match selection.strategy {
            SelectionStrategy::Tournament { size } => {
                (0..count).filter_map(|_| tournament(&costs, size as usize, rng)).collect()
            }
            SelectionStrategy::Roulette => (0..count).filter_map(|_| roulette(&costs, rng)).collect(),
            SelectionStrategy::Rank => (0..count).filter_map(|_| rank(&costs, rng)).collect(),
            _ => elitist(&costs, count),
        };
        let individuals = chosen.into_iter().filter_map(|index| island.members().get(index)).map(individual);
        Ok(Parents { individuals: individuals.collect() })
    }

    fn best(&self, get: &GetBest) -> Result<Individual, EvolutionFault> {
        let best = match get.population {
            Some(population) => {
                let island = self.islands.get(&population);
                island.ok_or(EvolutionFault::UnknownPopulation { population })?.best()
            }
            None => self.islands.values().filter_map(Island::best).min_by_key(|best| best.length),
        };
        best.map(individual).ok_or(EvolutionFault::Empty)
    }

    /// Lets the device measure genomes.
    fn measure(
        &self,
        evaluate: EvaluateFitness,
    ) -> impl Future<Output = Result<FitnessValues, EvolutionFault>> + Send + 'static {
        let (problem, cities) = (self.problem, self.cities);
        let (meter, device, pool) = (self.meter.clone(), self.device.clone(), Arc::clone(&self.pool));
        async move {
            let size = cities * size_of::<u32>();
            if let Some(genome) = evaluate.genomes.iter().find(|genome| genome.len() != size) {
                let reason = format!("{} bytes, not {size}", genome.len());
                return Err(EvolutionFault::InvalidGenome { reason });
            }
            if evaluate.genomes.is_empty() {
                return Ok(FitnessValues { values: Vec::new() });
            }
            let closed = || EvolutionFault::Unmeasured { reason: "the device has closed".to_owned() };
            let device = device.upgrade().ok_or_else(closed)?.named("evolution");
            let lease = pool.take();
            let [tours, lengths] = lease.buffers();
            let upload = TransferToDevice { buffer: tours, data: Bytes::from(evaluate.genomes.concat()) };
            told(meter.of(device.request(upload).timeout(MEASURING)).await)?;
            let launch = LaunchKernel {
                name: Kernel::TourLength.name().to_owned(),
                stream: FIRST_STREAM + lease.0,
                buffers: vec![problem, tours, lengths],
                arguments: Vec::new(),
            };
            told(meter.of(device.request(launch).timeout(MEASURING)).await)?;
            let download = TransferFromDevice { buffer: lengths };
            let mut lengths = told(meter.of(device.request(download).timeout(MEASURING)).await)?;
            pool.give_back(lease);
            let count = lengths.len() / size_of::<i64>();
            Ok(FitnessValues { values: (0..count).map(|_| fitness(lengths.get_i64_le())).collect() })
        }
    }
}

/// The device's answer as the engine's.
fn told<T>(answer: Result<Result<T, GpuFault>, RequestError>) -> Result<T, EvolutionFault> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(fault)) => Err(EvolutionFault::Unmeasured { reason: fault.to_string() }),
        Err(error) => {
            Err(EvolutionFault::Unmeasured { reason: format!("the device does not answer: {error}") })
        }
    }
}

fn offspring(mutation: &Mutation, cities: usize) -> Result<Offspring, EvolutionFault> {
    let parents = mutation.parents.iter().map(|parent| order(&parent.genome, cities));
    let parents = parents.collect::<Result<Vec<_>, _>>()?;
    if parents.is_empty() {
        return Err(EvolutionFault::Empty);
    }
    let genomes = (0..mutation.count as usize).map(|child| {
        let (first, second) = (&parents[child % parents.len()], &parents[(child + 1) % parents.len()]);
        let rng = &mut stream(mutation.seed, child as u64);
        // Either may be the one whose stretch is kept.
        let (first, second) = if rng.random_bool(0.5) { (first, second) } else { (second, first) };
        TourBatch::new(vec![breed(first, second, mutation.rate, rng)]).encode()
    });
    Ok(Offspring { genomes: genomes.collect() })
}

fn order(genome: &Bytes, cities: usize) -> Result<Vec<u32>, EvolutionFault> {
    let invalid = |reason: String| EvolutionFault::InvalidGenome { reason };
    let batch = TourBatch::decode(genome.clone(), cities).map_err(|error| invalid(error.to_string()))?;
    let Ok([order]) = <[Vec<u32>; 1]>::try_from(batch.into_tours()) else {
        return Err(invalid(format!("not one tour of {cities} cities")));
    };
    let tour = Tour::new(order, cities).map_err(|error| invalid(error.to_string()))?;
    Ok(tour.into_order())
}

fn member(individual: Individual, cities: usize) -> Result<Member, EvolutionFault> {
    let size = cities * size_of::<u32>();
    if individual.genome.len() != size || !individual.fitness.is_finite() {
        let reason = format!("{} bytes of fitness {}", individual.genome.len(), individual.fitness);
        return Err(EvolutionFault::InvalidGenome { reason });
    }
    // Lengths are whole numbers far below 2^53.
    Ok(Member { length: -individual.fitness as i64, genome: individual.genome })
}

fn individual(member: &Member) -> Individual {
    Individual { genome: member.genome.clone(), fitness: fitness(member.length) }
}

fn fitness(length: i64) -> f64 {
    -(length as f64)
}

/// Pairs of device buffers to measure in, made as needed and used again.
#[derive(Debug, Default)]
struct BufferPool(Mutex<(Vec<BufferLease>, u32)>);

#[derive(Debug)]
struct BufferLease(u32);

impl BufferPool {
    fn take(&self) -> BufferLease {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.0.pop().unwrap_or_else(|| {
            pool.1 += 1;
            BufferLease(pool.1)
        })
    }

    fn give_back(&self, lease: BufferLease) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(lease);
    }
}

impl BufferLease {
    /// Buffers that nobody else has: for the tours, for their lengths.
    fn buffers(&self) -> [BufferId; 2] {
        const LEASES: u128 = 0xde5c << 64;
        [2, 3].map(|which| BufferId::from_u128(LEASES + u128::from(self.0) * 4 + which))
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
