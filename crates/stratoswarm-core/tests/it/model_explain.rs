//! Random programs of tasks that send and receive: a deadlock is told of tasks only that cannot move any more, whatever happens, and
//! of each program in which nobody can. What can still happen is searched through in a model of channels that knows nothing of the
//! library: places, messages, and steps.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::poll;
use proptest::{prelude::*, test_runner::TestRunner};
use stratoswarm_core::{Channel, Fabric, Message, NoReply, Verdict, VerdictKind};
use tokio::task::yield_now;

use crate::model::config;

#[derive(Clone, Debug)]
struct Job;

impl Message for Job {
    type Reply = NoReply;
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Recv(usize),
}

/// Channels, each with a group of one member or two, which tasks own; and what each task does, again and again.
#[derive(Clone, Debug)]
struct Plan {
    capacities: Vec<usize>,
    owners: Vec<BTreeSet<usize>>,
    programs: Vec<Vec<Step>>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let channels = prop::collection::vec((1..=2_usize, prop::collection::vec(0..5_usize, 1..=2)), 1..=4);
    let programs = prop::collection::vec(prop::collection::vec((any::<bool>(), 0..12_usize), 1..=3), 1..=5);
    (channels, programs).prop_map(|(channels, programs)| {
        let owners: Vec<BTreeSet<_>> =
            channels.iter().map(|(_, of)| of.iter().map(|owner| owner % programs.len()).collect()).collect();
        let step = |task: usize, receives: bool, n: usize| {
            let own: Vec<_> = (0..owners.len()).filter(|channel| owners[*channel].contains(&task)).collect();
            if receives && !own.is_empty() {
                Step::Recv(own[n % own.len()])
            } else {
                Step::Send(n % owners.len())
            }
        };
        let programs = programs
            .iter()
            .enumerate()
            .map(|(task, steps)| steps.iter().map(|(receives, n)| step(task, *receives, *n)).collect());
        Plan {
            capacities: channels.iter().map(|(capacity, _)| *capacity).collect(),
            programs: programs.collect(),
            owners,
        }
    })
}

/// At which step each task is, and how many messages each channel has.
type State = (Vec<usize>, Vec<usize>);

/// The tasks that can take no step any more, in whatever order the others take theirs, and whatever somebody else sends.
fn dead(plan: &Plan, now: State) -> BTreeSet<usize> {
    let mut dead: BTreeSet<_> = (0..plan.programs.len()).collect();
    let (mut seen, mut ahead) = (BTreeSet::from([now.clone()]), vec![now]);
    while let Some((steps, lengths)) = ahead.pop() {
        let mut reach = |state: State| {
            if seen.insert(state.clone()) {
                ahead.push(state);
            }
        };
        for (channel, capacity) in plan.capacities.iter().enumerate() {
            if lengths[channel] < *capacity {
                let mut lengths = lengths.clone();
                lengths[channel] += 1;
                reach((steps.clone(), lengths));
            }
        }
        for (task, program) in plan.programs.iter().enumerate() {
            let mut lengths = lengths.clone();
            match program[steps[task]] {
                Step::Send(channel) if lengths[channel] < plan.capacities[channel] => lengths[channel] += 1,
                Step::Recv(channel) if lengths[channel] > 0 => lengths[channel] -= 1,
                _ => continue,
            }
            dead.remove(&task);
            let mut steps = steps.clone();
            steps[task] = (steps[task] + 1) % program.len();
            reach((steps, lengths));
        }
        if dead.is_empty() {
            break;
        }
    }
    dead
}

/// Lets the program run until nothing moves, or for long; what is told then, and where it is.
async fn play(plan: &Plan) -> (Vec<Verdict>, State) {
    let fabric = Fabric::new();
    let channels: Vec<Channel<Job>> = plan
        .capacities
        .iter()
        .enumerate()
        .map(|(n, capacity)| fabric.channel(format!("channel {n}")).capacity(*capacity).open().unwrap())
        .collect();
    let steps: Arc<Vec<AtomicUsize>> = Arc::new(plan.programs.iter().map(|_| AtomicUsize::new(0)).collect());
    for (task, program) in plan.programs.iter().cloned().enumerate() {
        let own = channels.iter().enumerate().filter(|(channel, _)| plan.owners[*channel].contains(&task));
        let mut readers: BTreeMap<_, _> =
            own.map(|(channel, handle)| (channel, handle.join("workers"))).collect();
        let (channels, steps) = (channels.clone(), Arc::clone(&steps));
        fabric.spawn(&task.to_string(), async move {
            for reader in readers.values_mut() {
                assert!(poll!(std::pin::pin!(reader.recv())).is_pending(), "nobody sends yet"); // it is this task's
            }
            yield_now().await;
            loop {
                for (at, step) in program.iter().enumerate() {
                    steps[task].store(at, Ordering::Relaxed);
                    match *step {
                        Step::Send(channel) => channels[channel].send(Job).await.unwrap(),
                        Step::Recv(channel) => drop(readers.get_mut(&channel).unwrap().recv().await.unwrap()),
                    }
                }
            }
        });
    }
    for _ in 0..300 {
        yield_now().await;
    }
    let lengths = channels.iter().map(Channel::len).collect();
    let at = steps.iter().map(|step| step.load(Ordering::Relaxed)).collect();
    (fabric.explain(), (at, lengths))
}

#[test]
fn a_deadlock_is_told_of_those_only_who_cannot_move_and_wherever_nobody_can() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_explain.txt");
    let (told, untold, all_dead) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    let config = config(128, path);
    let least = config.cases / 10;
    let played = TestRunner::new(config).run(&plans(), |plan| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (verdicts, state) = runtime.block_on(play(&plan));
        let dead = dead(&plan, state);
        for verdict in &verdicts {
            prop_assert!(verdict.kind == VerdictKind::Deadlock && verdict.is_certain, "{}", verdict);
            let tasks: BTreeSet<usize> = verdict.tasks.iter().map(|name| name.parse().unwrap()).collect();
            prop_assert!(!tasks.is_empty() && tasks.is_subset(&dead), "{:?} can move: {}", dead, verdict);
        }
        if dead.len() == plan.programs.len() {
            prop_assert!(!verdicts.is_empty(), "nobody can move, and nothing is told");
            count(&all_dead);
        }
        count(if verdicts.is_empty() { &untold } else { &told });
        Ok(())
    });
    played.unwrap();
    let seen = (told.get(), untold.get(), all_dead.get());
    assert!(
        [seen.0, seen.1, seen.2].iter().all(|count| *count >= least),
        "the programs say little: {seen:?}"
    );
}
