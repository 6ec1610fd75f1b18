use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use stratoswarm_core::{
    ChannelRegistry, Fabric, ShutdownReport,
    messages::{
        AgentId, AllocationId, BufferId, Error, EvolutionFault, GetBest, Query, QueryAvailable, QueryCost,
        QueryMetrics, QueryStatus, ReleaseAllocation, RequestAllocation, Resources, TransferToDevice,
    },
};
use tokio::task::JoinSet;

use super::{
    Agent, BEST, ChannelAccount, Client, Components, Context, Ending, Meter, Outcome, Settings, Shelf, Stop,
    SwarmError, WarmStart,
    evolution::CAPACITY,
    overload::{Load, ServiceAccount, Tally},
};
use crate::{
    report::Progress,
    search::Problem,
    tour::{Tour, TourBatch},
    tsplib::Instance,
};

/// How many generations the agents advance between two meetings.
const EPOCH: u64 = 4;

/// How long the channels may take to drain.
const DRAIN: Duration = Duration::from_secs(10);

/// The device's buffer with the problem.
const PROBLEM: BufferId = BufferId::from_u128(0x9ab);

/// Runs a swarm over an instance until `settings`, or somebody by `stop`, ends it.
///
/// Its channels are those of `registry`, which whoever looks at them may have before anything is sent.
///
/// Needs a multi-threaded tokio runtime with its timer; the computing is done on the runtime's threads that may block.
///
/// # Errors
/// A component that is missing, fails or refuses; a result or accounts that are not what they must be.
///
/// # Cancel safety
/// Dropped, the components end once they see that their channels are gone, and there is no result: use `stop`.
pub async fn run(
    instance: Arc<Instance>,
    settings: Settings,
    progress: Progress,
    stop: Arc<Stop>,
    registry: ChannelRegistry,
) -> Result<Outcome, SwarmError> {
    run_on(instance, settings, progress, stop, registry, None).await
}

/// As [`run`], from what is on a shelf, if there is one: its best tours are in the first generation, and what the agents find is
/// kept there.
///
/// # Errors
/// Those of [`run`]; the shelf fails.
///
/// # Cancel safety
/// As that of [`run`]; what was acknowledged is kept.
pub async fn run_on(
    instance: Arc<Instance>,
    settings: Settings,
    progress: Progress,
    stop: Arc<Stop>,
    registry: ChannelRegistry,
    shelf: Option<Arc<dyn Shelf>>,
) -> Result<Outcome, SwarmError> {
    let has_shelf = shelf.is_some();
    let begin = Instant::now();
    let client = Client::new(registry, "run", Meter::new());
    let fabric = client.registry().fabric().clone();
    let mut components = Components::new(&fabric, settings.without.clone(), shelf);
    let limit = settings.time_limit().map(|limit| {
        let stop = Arc::clone(&stop);
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            stop.set(Ending::Seconds);
        })
    });
    let solving = solve(&instance, &settings, &client, &mut components, progress, &stop, has_shelf);
    let found = fabric.track("run", solving).await;
    if let Some(limit) = limit {
        limit.abort();
    }
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            // Running kernels end early, so that the draining is short; what it comes to does not matter any more.
            stop.set(Ending::Interrupted);
            let event = Error { component: "run".to_owned(), message: error.to_string() };
            let _ = client.publish(event.into());
            client.registry().shutdown(Duration::from_secs(1)).await;
            return Err(error);
        }
    };
    let meter = client.meter().clone();
    let report = client.registry().shutdown(DRAIN).await;
    let channels = settle(&report)?;
    let tallies = components.tallies().cloned();
    components.end().await?;
    let overload = tallies.map_or(Ok(Vec::new()), |tallies| settle_overload(&report, &tallies))?;
    Ok(Outcome {
        instance: instance.name().to_owned(),
        tour: found.tour,
        best_length: found.length,
        generations: found.generations,
        agents: settings.agents,
        seed: settings.seed,
        ending: found.ending,
        elapsed: begin.elapsed(),
        cpu: found.cpu,
        channel_busy: meter.busy(),
        price: found.price,
        channels,
        overload,
        warm_start: has_shelf.then_some(found.warm_start),
    })
}

/// What the swarm has found, before its channels are closed.
struct Found {
    tour: Tour,
    length: i64,
    generations: u64,
    ending: Ending,
    cpu: Option<Duration>,
    price: f64,
    warm_start: WarmStart,
}

async fn solve(
    instance: &Arc<Instance>,
    settings: &Settings,
    client: &Client,
    components: &mut Components,
    progress: Progress,
    stop: &Arc<Stop>,
    is_warm: bool,
) -> Result<Found, SwarmError> {
    let cities = instance.cities();
    let roll_call = components.start(settings, client, cities, PROBLEM, stop, progress).await?;
    let mut overload = Load::new();
    if let (Some(factor), Some([scheduler, governor])) = (settings.overload, components.tallies()) {
        overload.start(factor, client, scheduler, governor);
    }
    let work = async {
        let problem = load(instance, client).await?;
        let needs =
            needs(cities, u64::from(roll_call.plan.tasks_per_step), &roll_call.total, settings.agents);
        let (seed, mutation_rate, plan) = (settings.seed, settings.mutation_rate, roll_call.plan.clone());
        let context = Arc::new(Context {
            seed,
            cities,
            problem: PROBLEM,
            plan,
            needs,
            mutation_rate,
            stop: Arc::clone(stop),
        });
        let known = if is_warm { known(instance, client).await? } else { Vec::new() };
        let warm_start =
            WarmStart { tours: known.len(), best_length: known.first().map(|(length, _)| *length) };
        let mut known = known.into_iter();
        let mut agents = Vec::new();
        for number in 0..settings.agents {
            let client = client.named(&format!("agent-{number}"));
            let mut agent = Agent::spawn(number, Arc::clone(&context), client).await?;
            if let Some((_, genome)) = known.next() {
                agent.start_from(genome);
            }
            agents.push(agent);
        }
        let (agents, ending) = evolve(agents, settings, cities, client, stop).await?;
        let (tour, length) = result(instance, client).await?;
        let generations = agents.iter().map(Agent::generation).min().unwrap_or_default();
        let tasks = u32::try_from(agents.iter().map(Agent::tasks).sum::<u64>()).unwrap_or(u32::MAX);
        for agent in agents {
            agent.retire().await?;
        }
        overload.stop().await?;
        let price = client.cost().query(QueryCost { tasks }).await?.price;
        unload(problem, client).await?;
        let metrics = client.efficiency().query(QueryMetrics {}).await?;
        Ok(Found { tour, length, generations, ending, cpu: metrics.process_cpu, price, warm_start })
    };
    tokio::select! {
        found = work => found,
        error = components.ended() => Err(error),
    }
}

/// Brings the problem to the device, in memory that the governor has granted.
async fn load(instance: &Arc<Instance>, client: &Client) -> Result<AllocationId, SwarmError> {
    let encoded = {
        let instance = Arc::clone(instance);
        tokio::task::spawn_blocking(move || Problem::encode(&instance)).await
    };
    let data = encoded.map_err(|_| SwarmError::Panicked { task: "encoding the problem".to_owned() })?;
    let resources = Resources { gpu_memory_bytes: data.len() as u64, ..Resources::default() };
    // Of nobody: the agents begin with 0.
    let agent = AgentId::from_u128(u128::MAX);
    let grant = client.governor().ask(RequestAllocation { agent, resources }).await?;
    client.device().ask(TransferToDevice { buffer: PROBLEM, data }).await?;
    Ok(grant.allocation)
}

/// Gives the problem's memory back, and sees whether everybody has given everything back.
async fn unload(problem: AllocationId, client: &Client) -> Result<(), SwarmError> {
    client.device().ask(TransferToDevice { buffer: PROBLEM, data: Bytes::new() }).await?;
    client.governor().ask(ReleaseAllocation { allocation: problem }).await?;
    let status = client.scheduler().query(QueryStatus {}).await?;
    if status.placed_tasks != 0 || status.reserved != Resources::default() {
        return Err(SwarmError::Unbalanced(format!("{} tasks keep their places", status.placed_tasks)));
    }
    let available = client.governor().query(QueryAvailable {}).await?;
    if available.allocations != 0 || available.free != available.total {
        return Err(SwarmError::Unbalanced(format!(
            "{} allocations are not released",
            available.allocations
        )));
    }
    Ok(())
}

/// What every agent needs: its share of the cores, its tours on the device (twice, for they are measured there too),
/// its population and its best tour in memory.
fn needs(cities: usize, tasks: u64, total: &Resources, agents: u32) -> Resources {
    let tour = (cities * size_of::<u32>()) as u64;
    // One more than it breeds: the neighbour's.
    let batch = (tasks + 1) * tour;
    Resources {
        cpu_millicores: total.cpu_millicores / u64::from(agents.max(1)),
        memory_bytes: (CAPACITY as u64 + 1) * tour + batch,
        gpu_memory_bytes: 2 * batch + (tasks + 1) * size_of::<i64>() as u64,
    }
}

/// Lets the agents advance epoch by epoch until one of the endings is there.
async fn evolve(
    mut agents: Vec<Agent>,
    settings: &Settings,
    cities: usize,
    client: &Client,
    stop: &Arc<Stop>,
) -> Result<(Vec<Agent>, Ending), SwarmError> {
    let patience = settings.patience(cities);
    let (mut done, mut best, mut improved_at) = (0, i64::MAX, 0);
    loop {
        let generations = settings.generations.map_or(EPOCH, |all| EPOCH.min(all - done));
        agents = advance(client.registry().fabric(), agents, generations).await?;
        done += generations;
        let length = best_length(client).await?;
        if length < best {
            (best, improved_at) = (length, done);
        }
        if settings.target.is_some_and(|target| best <= target) {
            stop.set(Ending::Target);
        }
        if let Some(reason) = stop.reason() {
            return Ok((agents, reason));
        }
        if settings.generations == Some(done) {
            return Ok((agents, Ending::Generations));
        }
        if patience.is_some_and(|patience| done - improved_at >= patience) {
            return Ok((agents, Ending::Stagnation));
        }
        let count = agents.len() as u32;
        if count > 1 {
            for agent in &mut agents {
                agent.immigrate((agent.number() + count - 1) % count).await?;
            }
        }
    }
}

/// All agents at once, each in a task of its own; they come back in their order.
async fn advance(fabric: &Fabric, agents: Vec<Agent>, generations: u64) -> Result<Vec<Agent>, SwarmError> {
    let mut tasks = JoinSet::new();
    for mut agent in agents {
        let name = format!("agent-{}", agent.number());
        let advanced = async move { agent.advance(generations).await.map(|()| agent) };
        tasks.spawn(fabric.track(&name, advanced));
    }
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        back.push(ended.map_err(|_| SwarmError::Panicked { task: "an agent".to_owned() })??);
    }
    back.sort_by_key(Agent::number);
    Ok(back)
}

async fn best_length(client: &Client) -> Result<i64, SwarmError> {
    let evolution = client.evolution();
    match evolution.query(GetBest { population: None }).await? {
        Ok(best) => Ok(-best.fitness as i64),
        Err(EvolutionFault::Empty) => Err(SwarmError::WrongResult("there is no tour".to_owned())),
        Err(fault) => Err(evolution.refused(fault)),
    }
}

/// The tours that the agents have stored, in this run or one before it.
async fn stored(instance: &Instance, client: &Client) -> Result<Vec<Tour>, SwarmError> {
    let wrong = |text: String| SwarmError::WrongResult(text);
    let found = client.knowledge().ask(Query { prefix: BEST.to_owned(), limit: u32::MAX }).await?;
    let mut tours = Vec::new();
    for found in found.matches {
        let batch = TourBatch::decode(found.entry.value, instance.cities());
        for order in batch.map_err(|error| wrong(error.to_string()))?.into_tours() {
            tours.push(Tour::new(order, instance.cities()).map_err(|error| wrong(error.to_string()))?);
        }
    }
    Ok(tours)
}

/// What is known before the first generation, with the lengths; the best first.
async fn known(instance: &Instance, client: &Client) -> Result<Vec<(i64, Bytes)>, SwarmError> {
    let tours = stored(instance, client).await?.into_iter();
    let mut known: Vec<_> =
        tours.map(|tour| (tour.length(instance), TourBatch::new(vec![tour.into_order()]).encode())).collect();
    known.sort();
    Ok(known)
}

/// The best of the tours that the agents have stored, checked: a permutation, of the length the evolution claims.
async fn result(instance: &Instance, client: &Client) -> Result<(Tour, i64), SwarmError> {
    let wrong = |text: String| SwarmError::WrongResult(text);
    let mut best: Option<(Tour, i64)> = None;
    for tour in stored(instance, client).await? {
        let length = tour.length(instance);
        // Of equals the first, that is, the one of the agent with the lowest number.
        if best.as_ref().is_none_or(|best| length < best.1) {
            best = Some((tour, length));
        }
    }
    let (tour, length) = best.ok_or_else(|| wrong("no tour was stored".to_owned()))?;
    let claimed = best_length(client).await?;
    if claimed != length {
        return Err(wrong(format!("the best tour measures {length}, the evolution claims {claimed}")));
    }
    Ok((tour, length))
}

/// The final figures of the channels, if everything was drained and every reader's account balances.
fn settle(report: &ShutdownReport) -> Result<Vec<ChannelAccount>, SwarmError> {
    if !report.is_clean() {
        let open: Vec<_> = report
            .channels
            .iter()
            .filter(|channel| channel.undelivered + channel.in_flight > 0)
            .map(|channel| {
                format!(
                    "{}: {} undelivered, {} in flight",
                    channel.name, channel.undelivered, channel.in_flight
                )
            })
            .collect();
        return Err(SwarmError::Undrained(open.join("; ")));
    }
    let accounts: Vec<_> =
        report.channels.iter().map(|channel| ChannelAccount::from(&channel.info)).collect();
    match accounts.iter().find_map(ChannelAccount::imbalance) {
        Some(imbalance) => Err(SwarmError::Unbalanced(imbalance)),
        None => Ok(accounts),
    }
}

/// What became of an overload, if that adds up.
fn settle_overload(
    report: &ShutdownReport,
    tallies: &[Arc<Tally>; 2],
) -> Result<Vec<ServiceAccount>, SwarmError> {
    let mut services = Vec::new();
    for (name, tally) in ["scheduler", "governor"].into_iter().zip(tallies) {
        let Some(channel) = report.channels.iter().find(|channel| channel.name == name) else { continue };
        let account = ServiceAccount::new(&channel.info, tally);
        if let Some(imbalance) = account.imbalance(&channel.info) {
            return Err(SwarmError::Unbalanced(imbalance));
        }
        services.push(account);
    }
    Ok(services)
}
