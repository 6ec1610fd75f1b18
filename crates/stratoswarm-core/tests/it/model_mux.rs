//! Random lists of operations on a mux of several sources, against queues and what may come when.

use crate::{
    fixtures::{Number, channel},
    model::config,
};
use futures::FutureExt;
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::collections::VecDeque;
use stratoswarm_core::{Channel, Mux, Priority, TryRecvError};

#[derive(Debug, Clone)]
enum Operation {
    Send(usize),
    Close(usize),
    TryRecv,
    /// A `recv` that is polled once, and dropped if it is not ready.
    Recv,
}

fn operation() -> impl Strategy<Value = Operation> {
    (0..40_u8, 0..6_usize).prop_map(|(kind, source)| match kind {
        0..=19 => Operation::Send(source),
        20 => Operation::Close(source),
        21..=30 => Operation::TryRecv,
        _ => Operation::Recv,
    })
}

const RANKS: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

struct Source {
    channel: Channel<Number>,
    rank: usize,
    queue: VecDeque<u64>,
    open: bool,
    /// How many of each other source came since its head has waited.
    passed: Vec<u32>,
}

struct Model {
    sources: Vec<Source>,
    mux: Mux<(usize, u64)>,
    max_bypass: u32,
    /// Of each rank, how many others came since it has had something to give.
    waited: [u32; 4],
    /// And how many more urgent ones, since one of it came, or it was surely looked at.
    overtaken: [u32; 4],
    sent: u64,
}

impl Model {
    fn new(ranks: &[usize], max_bypass: u32) -> Self {
        let mut mux = Mux::new().max_bypass(max_bypass);
        let mut sources = Vec::new();
        for (at, rank) in ranks.iter().enumerate() {
            let channel = channel(1_000);
            // Of all kinds of lossless readers.
            mux = if at % 2 == 0 {
                mux.add(channel.subscribe(), RANKS[*rank], move |number| (at, number.0))
            } else {
                mux.add(channel.join("workers"), RANKS[*rank], move |delivery| {
                    (at, delivery.into_message().0)
                })
            };
            let passed = vec![0; ranks.len()];
            sources.push(Source { channel, rank: *rank, queue: VecDeque::new(), open: true, passed });
        }
        Self { sources, mux, max_bypass, waited: [0; 4], overtaken: [0; 4], sent: 0 }
    }

    fn has(&self, rank: usize) -> bool {
        self.sources.iter().any(|source| source.rank == rank && !source.queue.is_empty())
    }

    fn step(&mut self, operation: &Operation) -> TestCaseResult {
        let count = self.sources.len();
        match operation {
            Operation::Send(at) => {
                let source = &mut self.sources[at % count];
                let sent = source.channel.try_send(Number(self.sent)).is_ok();
                prop_assert_eq!(sent, source.open);
                if sent {
                    source.queue.push_back(self.sent);
                    self.sent += 1;
                }
            }
            Operation::Close(at) => {
                let source = &mut self.sources[at % count];
                source.channel.close();
                source.open = false;
            }
            Operation::TryRecv => {
                let came = self.mux.try_recv();
                if came.is_err() {
                    let over = self.sources.iter().all(|source| !source.open);
                    prop_assert_eq!(came, Err(if over { TryRecvError::Closed } else { TryRecvError::Empty }));
                }
                self.came(came.ok())?;
            }
            Operation::Recv => {
                let came = self.mux.recv().now_or_never();
                if came.flatten().is_none() {
                    prop_assert_eq!(came.is_some(), self.sources.iter().all(|source| !source.open));
                }
                self.came(came.flatten())?;
            }
        }
        Ok(())
    }

    /// What came, or that nothing did, is what may come.
    fn came(&mut self, event: Option<(usize, u64)>) -> TestCaseResult {
        let Some((at, number)) = event else {
            prop_assert!(self.sources.iter().all(|source| source.queue.is_empty()), "something is there");
            self.overtaken = [0; 4];
            return Ok(());
        };
        prop_assert_eq!(self.sources[at].queue.pop_front(), Some(number), "in the order of the source");
        let rank = self.sources[at].rank;
        let in_use =
            (0..4).filter(|rank| self.sources.iter().any(|source| source.rank == *rank)).count() as u32;
        if (0..rank).any(|urgent| self.has(urgent)) {
            prop_assert!(self.overtaken[rank] >= self.max_bypass, "a more urgent one comes first");
        }
        for other in (0..4).filter(|other| *other != rank) {
            self.overtaken[other] += u32::from(rank < other);
            self.waited[other] = if self.has(other) { self.waited[other] + 1 } else { 0 };
            let bound = self.max_bypass + 2 * (in_use - 1);
            prop_assert!(self.waited[other] <= bound, "{other} waited for {}", self.waited[other]);
        }
        (self.waited[rank], self.overtaken[rank]) = (0, 0);
        // Equals take turns: none comes twice while another waits.
        for (other, source) in self.sources.iter_mut().enumerate().filter(|(_, it)| it.rank == rank) {
            if other == at || source.queue.is_empty() {
                source.passed.fill(0);
            } else {
                source.passed[at] += 1;
                prop_assert!(source.passed[at] <= 1, "{at} came again before {other}");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(1_000, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_mux.txt")))]

    #[test]
    fn a_mux_gives_each_source_in_order_and_its_turn_within_the_bound(
        ranks in prop::collection::vec(0..4_usize, 1..7),
        max_bypass in 1..5_u32,
        operations in prop::collection::vec(operation(), 1..200),
    ) {
        let mut model = Model::new(&ranks, max_bypass);
        for operation in &operations {
            model.step(operation)?;
        }
        for source in &mut model.sources {
            source.channel.close();
            source.open = false;
        }
        while model.sources.iter().any(|source| !source.queue.is_empty()) {
            model.step(&Operation::Recv)?;
        }
        prop_assert_eq!(model.mux.try_recv(), Err(TryRecvError::Closed));
    }
}
