use std::time::Duration;

use stratoswarm_core::{AckPolicy, Channel, DeadLetter, Fabric, Priority, Receiver};

use super::{Chance, Job};

pub(crate) const ACKED: &str = "acked";
pub(crate) const PLAIN: &str = "plain";
pub(crate) const VISITORS: &str = "visitors";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    None,
    Ordered,
    Fair,
}

/// How a round's channel and groups are.
#[derive(Debug)]
pub(crate) struct Plan {
    capacity: usize,
    /// Those with a lane of their own.
    pub(crate) classes: Vec<Priority>,
    max_bypass: u32,
    fair_senders: bool,
    /// All messages expire, whoever sends them.
    pub(crate) ttl: Option<Duration>,
    acked: Keys,
    plain: Keys,
    pub(crate) max_in_flight: usize,
    pub(crate) ack_wait: Option<Duration>,
    max_deliver: u32,
    backoff: Vec<Duration>,
    /// Messages are timed.
    sampled: bool,
}

impl Plan {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let ms = Duration::from_millis;
        let keys = [Keys::None, Keys::Ordered, Keys::Fair];
        let lanes = [
            &[Priority::Normal][..],
            &[Priority::Critical, Priority::Normal],
            &[Priority::Critical, Priority::Normal, Priority::Low],
        ];
        Self {
            capacity: chance.of(&[1, 3, 20, 200]),
            classes: chance.of(&lanes).to_vec(),
            max_bypass: chance.of(&[1, 2, 32]),
            fair_senders: chance.one_in(3),
            ttl: chance.of(&[None, None, Some(ms(2))]),
            acked: chance.of(&keys),
            plain: chance.of(&keys),
            max_in_flight: chance.of(&[1, 3, 1_000]),
            ack_wait: chance.of(&[None, None, Some(Duration::from_micros(500))]),
            max_deliver: chance.of(&[1, 2, 5]),
            sampled: chance.one_in(2),
            backoff: chance.of(&[&[][..], &[Duration::ZERO, ms(1)], &[ms(1), ms(2)]]).to_vec(),
        }
    }

    /// The channel, and that of its dead letters, which has room for all.
    pub(crate) fn open(&self) -> (Channel<Job>, Channel<DeadLetter<Job>>) {
        let fabric = Fabric::new();
        if self.sampled {
            std::mem::forget(fabric.sample_times()); // for ever
        }
        let mut builder = fabric.channel("classes").capacity(self.capacity).no_default_timeout();
        for class in self.classes.iter().filter(|class| **class != Priority::Normal) {
            builder = builder.lane(*class, self.capacity);
        }
        if self.classes.len() > 1 {
            builder = builder.max_bypass(self.max_bypass);
        }
        if self.fair_senders {
            builder = builder.fair_senders();
        }
        if let Some(ttl) = self.ttl {
            builder = builder.ttl(ttl);
        }
        let dead = fabric.channel("dead").capacity(1_000_000).group("redriver").open();
        (builder.open().expect("as it may be"), dead.expect("a new name"))
    }

    pub(crate) fn join(
        &self,
        channel: &Channel<Job>,
        dead: &Channel<DeadLetter<Job>>,
        group: &str,
    ) -> Receiver<Job> {
        let (mut options, keys) =
            (channel.group(group), if group == ACKED { self.acked } else { self.plain });
        if group == ACKED {
            let policy = AckPolicy::explicit()
                .max_deliver(self.max_deliver)
                .backoff(self.backoff.clone())
                .max_in_flight(self.max_in_flight);
            let policy = self.ack_wait.map_or(policy.clone(), |wait| policy.ack_wait(wait));
            options = options.ack(policy).dead_letters(dead);
        }
        let options = match keys {
            Keys::None => options,
            Keys::Ordered => options.ordered_by(Job::key),
            Keys::Fair => options.fair_by(Job::key),
        };
        options.join().expect("always the same")
    }

    /// Whether of each key one message at a time is in hand in this group, for sure.
    pub(crate) fn is_ordered(&self, group: &str) -> bool {
        match group {
            ACKED => self.acked == Keys::Ordered && self.ack_wait.is_none(),
            _ => self.plain == Keys::Ordered,
        }
    }
}
