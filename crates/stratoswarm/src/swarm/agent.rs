use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rand::RngExt as _;
use rand_pcg::Pcg64;
use stratoswarm_core::messages::{
    AgentId, AgentSpawned, AllocationId, BufferId, CancelOutcome, CancelTask, CostPlan, CostUpdate,
    EvaluateFitness, FitnessImproved, Individual, KernelArgument, LaunchKernel, Mutation, PopulationId,
    ReleaseAllocation, RequestAllocation, Resources, Retrieve, ScheduleTask, Selection, SelectionStrategy,
    Step, Store, TaskId, TransferFromDevice, TransferToDevice,
};

use super::{Client, Stop, SwarmError, device::Kernel};
use crate::{search::stream, tour::TourBatch};

/// One agent of the swarm: evolves a population of its own, generation by generation, through the channels.
///
/// All its chance follows from the seed and its number, and nothing it does depends on when others do what, except
/// where [`immigrate`](Self::immigrate) asks for a neighbour's best: between two epochs, when all agents are at rest.
#[derive(Debug)]
pub(super) struct Agent {
    number: u32,
    context: Arc<Context>,
    client: Client,
    rng: Pcg64,
    stream: u32,
    allocation: AllocationId,
    generation: u64,
    tasks: u64,
    best: Option<f64>,
    migrant: Option<Bytes>,
}

/// What all agents have in common.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) seed: u64,
    pub(super) cities: usize,
    /// The device's buffer with the problem.
    pub(super) problem: BufferId,
    pub(super) plan: CostPlan,
    /// What every agent needs.
    pub(super) needs: Resources,
    /// How often offspring are mutated besides, from 0 to 1.
    pub(super) mutation_rate: f64,
    pub(super) stop: Arc<Stop>,
}

/// The keys of the agents' best tours begin with this.
pub(crate) const BEST: &str = "best/";

impl Agent {
    /// Gets an agent its resources and its place, and announces it.
    pub(super) async fn spawn(
        number: u32,
        context: Arc<Context>,
        client: Client,
    ) -> Result<Self, SwarmError> {
        let agent = AgentId::from_u128(u128::from(number));
        let request = RequestAllocation { agent, resources: context.needs };
        let governor = client.governor();
        let grant = governor.query(request).await?;
        let grant = grant.map_err(|fault| governor.refused(format!("{fault}; fewer agents need less")))?;
        let schedule = ScheduleTask { task: task(number), requirements: grant.resources };
        let placement = client.scheduler().ask(schedule).await?;
        client.publish(AgentSpawned { agent }.into())?;
        Ok(Self {
            number,
            rng: stream(context.seed, u64::from(number)),
            context,
            client,
            stream: placement.stream,
            allocation: grant.allocation,
            generation: 0,
            tasks: 0,
            best: None,
            migrant: None,
        })
    }

    /// The agent's number, from 0.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// How many generations it has completed.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// How many tours it has had improved.
    pub(super) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// Takes a tour into its next generation.
    pub(super) fn start_from(&mut self, genome: Bytes) {
        self.migrant = Some(genome);
    }

    /// Lives through so many generations, fewer if the run is to end.
    pub(super) async fn advance(&mut self, generations: u64) -> Result<(), SwarmError> {
        for _ in 0..generations {
            // Whatever happens there must be a tour to show.
            let first = self.number == 0 && self.generation == 0;
            if self.context.stop.is_set() && !first {
                break;
            }
            self.run_generation().await?;
        }
        Ok(())
    }

    /// Takes the best tour of the agent `neighbour` into the next generation.
    pub(super) async fn immigrate(&mut self, neighbour: u32) -> Result<(), SwarmError> {
        let found = self.client.knowledge().ask(Retrieve { key: key(neighbour) }).await?;
        self.migrant = found.map(|entry| entry.value);
        Ok(())
    }

    /// Gives its buffers, its place and its resources back.
    pub(super) async fn retire(self) -> Result<(), SwarmError> {
        self.upload(Bytes::new()).await?;
        let scheduler = self.client.scheduler();
        match scheduler.query(CancelTask { task: task(self.number) }).await? {
            CancelOutcome::Cancelled => {}
            _ => return Err(scheduler.refused("an agent has lost its place")),
        }
        let release = ReleaseAllocation { allocation: self.allocation };
        self.client.governor().ask(release).await.map(drop)
    }

    /// One generation.
    async fn run_generation(&mut self) -> Result<(), SwarmError> {
        let mut busy = Duration::ZERO;
        if self.generation == 0 {
            // The tours themselves do not matter: the kernel replaces them.
            let anything: Vec<u32> = (0..self.context.cities as u32).collect();
            let tours = vec![anything; self.context.plan.tasks_per_step as usize];
            self.upload(TourBatch::new(tours).encode()).await?;
            let seed = self.rng.random();
            busy += self.launch(Kernel::Construct, vec![KernelArgument::Unsigned(seed)]).await?;
        } else {
            let genomes = self.breed().await?;
            self.upload(Bytes::from(genomes.concat())).await?;
        }
        let kicks = u64::from(self.context.plan.effort_per_task);
        let arguments = [self.rng.random(), kicks].map(KernelArgument::Unsigned).to_vec();
        busy += self.launch(Kernel::LocalSearch, arguments).await?;
        let mut genomes = self.download().await?;
        let tasks = genomes.len() as u32;
        genomes.extend(self.migrant.take());
        self.compete(genomes).await?;
        self.tasks += u64::from(tasks);
        self.client.cost().send(CostUpdate { tasks, busy }).await
    }

    /// New tours of the population's better ones.
    async fn breed(&mut self) -> Result<Vec<Bytes>, SwarmError> {
        let count = self.context.plan.tasks_per_step;
        let strategy = match self.generation % 4 {
            0 => SelectionStrategy::Tournament { size: 3 },
            1 => SelectionStrategy::Roulette,
            2 => SelectionStrategy::Rank,
            _ => SelectionStrategy::Elitist,
        };
        let seed = self.rng.random();
        let selection = Selection { population: self.population(), strategy, count: count.max(2), seed };
        let parents = self.client.evolution().ask_long(selection).await?;
        let seed = self.rng.random();
        let mutation =
            Mutation { parents: parents.individuals, count, rate: self.context.mutation_rate, seed };
        Ok(self.client.evolution().ask_long(mutation).await?.genomes)
    }

    /// Measures tours and lets them compete for a place in the population; keeps and tells what is better.
    async fn compete(&mut self, genomes: Vec<Bytes>) -> Result<(), SwarmError> {
        let evolution = self.client.evolution();
        let measured = evolution.ask_long(EvaluateFitness { genomes: genomes.clone() }).await?;
        let offspring: Vec<_> = genomes
            .into_iter()
            .zip(measured.values)
            .map(|(genome, fitness)| Individual { genome, fitness })
            .collect();
        let best = offspring.iter().max_by(|a, b| a.fitness.total_cmp(&b.fitness)).cloned();
        let report = evolution.ask_long(Step { population: self.population(), offspring }).await?;
        self.generation = report.generation;
        let Some(best) = best.filter(|_| report.improved) else { return Ok(()) };
        self.client.knowledge().ask(Store { key: key(self.number), value: best.genome }).await?;
        let previous = self.best.replace(best.fitness);
        self.client.publish(
            FitnessImproved {
                agent: AgentId::from_u128(u128::from(self.number)),
                generation: self.generation,
                fitness: best.fitness,
                previous,
            }
            .into(),
        )
    }

    async fn upload(&self, data: Bytes) -> Result<(), SwarmError> {
        let upload = TransferToDevice { buffer: self.tours(), data };
        self.client.device().ask_long(upload).await.map(drop)
    }

    /// Runs a kernel over the agent's tours; returns how long it took.
    async fn launch(&self, kernel: Kernel, arguments: Vec<KernelArgument>) -> Result<Duration, SwarmError> {
        let launch = LaunchKernel {
            name: kernel.name().to_owned(),
            stream: self.stream,
            buffers: vec![self.context.problem, self.tours(), self.tours()],
            arguments,
        };
        Ok(self.client.device().ask_long(launch).await?.elapsed)
    }

    /// The agent's tours, one genome each.
    async fn download(&self) -> Result<Vec<Bytes>, SwarmError> {
        let data = self.client.device().ask_long(TransferFromDevice { buffer: self.tours() }).await?;
        let size = self.context.cities * size_of::<u32>();
        Ok((0..data.len() / size).map(|tour| data.slice(tour * size..(tour + 1) * size)).collect())
    }

    fn population(&self) -> PopulationId {
        PopulationId::from_u128(u128::from(self.number))
    }

    fn tours(&self) -> BufferId {
        const AGENTS: u128 = 0xa6e1 << 64;
        BufferId::from_u128(AGENTS + u128::from(self.number))
    }
}

fn task(number: u32) -> TaskId {
    TaskId::from_u128(u128::from(number))
}

/// Under what an agent keeps its best tour; in the order of the numbers.
fn key(number: u32) -> String {
    format!("{BEST}{number:06}")
}
