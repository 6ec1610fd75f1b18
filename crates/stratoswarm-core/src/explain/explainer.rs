use std::{collections::HashSet, fmt, time::Duration};

use super::{
    Verdict, VerdictKind, findings,
    graph::{Graph, Mode},
    knot::{is_old, knots},
    look::Look,
    quiet::quiet,
};
use crate::fabric::{Fabric, WeakFabric};

/// Looks at a fabric again and again, and tells what does not move. Made by [`Fabric::explainer`].
///
/// It does not keep the fabric. Besides what one look tells it knows rates: of two looks it tells what is [slow](VerdictKind::Slow).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, VerdictKind};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").capacity(1).open()?;
/// jobs.send(Job(1)).await?;
/// let mut explainer = fabric.explainer().threshold(Duration::ZERO);
/// assert_eq!(explainer.look(), [], "nobody waits");
/// let mut waiting = jobs.send(Job(2));
/// assert!(futures::poll!(&mut waiting).is_pending());
/// assert_eq!(explainer.look()[0].kind, VerdictKind::NoReader);
/// # Ok(()) }
/// ```
pub struct Explainer {
    fabric: WeakFabric,
    threshold: Duration,
    before: Option<Look>,
}

impl Explainer {
    pub(super) fn new(fabric: WeakFabric) -> Self {
        Self { fabric, threshold: Duration::from_secs(2), before: None }
    }

    /// What has lasted for less is not told, unless it is certain that it never ends. 2 s without.
    #[must_use]
    pub fn threshold(mut self, threshold: Duration) -> Self {
        self.threshold = threshold;
        self
    }

    /// What does not move now, or too slowly: nothing, if all is well. By their kinds, and of one the longest first.
    ///
    /// It may be called anywhere, by a panic hook or the handler of a signal as well: it waits for no lock longer
    /// than 50 ms, twice, and says so where one is held. It locks each channel twice; the rest grows with those who wait.
    pub fn look(&mut self) -> Vec<Verdict> {
        self.try_look().unwrap_or_default()
    }

    /// The same; none once the fabric is gone.
    pub(super) fn try_look(&mut self) -> Option<Vec<Verdict>> {
        let fabric = self.fabric.upgrade()?;
        Some(match (Look::at(&fabric), Look::at(&fabric)) {
            (Some(first), Some(second)) => self.compare(&first, second),
            _ => vec![busy()],
        })
    }

    /// The same, and whether all wait for something to do; and how many channels there are.
    pub(super) fn look_closely(&mut self) -> Option<(Vec<Verdict>, Option<Verdict>, usize)> {
        let fabric = self.fabric.upgrade()?;
        let (Some(first), Some(second)) = (Look::at(&fabric), Look::at(&fabric)) else {
            return Some((vec![busy()], None, 0));
        };
        let both = quiet(&first, self.threshold).zip(quiet(&second, self.threshold));
        let still = both.and_then(|(before, now)| now.is_as(&before).then_some(now));
        let channels = second.channels.len();
        Some((self.compare(&first, second), still, channels))
    }

    /// Forgets what it has seen before.
    pub(super) fn forget(&mut self) {
        self.before = None;
    }

    fn compare(&mut self, first: &Look, second: Look) -> Vec<Verdict> {
        let before = self.before.as_ref();
        let earlier = found(first, before, self.threshold);
        let mut verdicts = found(&second, before, self.threshold);
        // What is so in both looks, with the same waits and positions, was so at the moment between them.
        verdicts.retain(|verdict| earlier.iter().any(|before| verdict.is_as(before)));
        verdicts.sort_by_key(|verdict| (verdict.kind as u8, std::cmp::Reverse(verdict.lasted)));
        let keep = self
            .before
            .as_ref()
            .is_none_or(|before| second.at.duration_since(before.at) >= self.threshold / 4);
        if keep {
            self.before = Some(second);
        }
        verdicts
    }
}

impl Fabric {
    /// Why does nothing move? What is stuck in its channels now and whose fault it is: who waits for whom, since when, and at
    /// which line. Nothing, if all is well.
    ///
    /// Only tasks that were started with [`spawn`](Self::spawn), or [tracked](Self::track), are named, and only of them it can
    /// be certain. See [`VerdictKind`] for what it finds, and [`Explainer::look`] for where it may be called.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
    /// let fabric = Fabric::new();
    /// let pings = fabric.channel::<Ping>("pings").open()?;
    /// let mut worker = pings.join("workers");
    /// let asks_itself = fabric.spawn("echo", async move {
    ///     while let Some(_ping) = worker.recv().await {
    ///         pings.request(Ping).await.ok(); // served by this very task
    ///     }
    /// });
    /// # let pings = fabric.get::<Ping>("pings").ok_or("there")?;
    /// pings.send(Ping).await?;
    /// tokio::task::yield_now().await;
    /// let text = fabric.explainer().threshold(Duration::ZERO).look()[0].to_string();
    /// assert!(text.starts_with("STUCK UNTIL a deadline in "), "{text}");
    /// assert!(text.contains("echo waits for a reply that only it can give"), "{text}");
    /// # drop(asks_itself);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn explain(&self) -> Vec<Verdict> {
        self.explainer().look()
    }

    /// The same for one who looks again and again.
    #[must_use]
    pub fn explainer(&self) -> Explainer {
        Explainer::new(self.downgrade())
    }
}

fn found(look: &Look, before: Option<&Look>, threshold: Duration) -> Vec<Verdict> {
    let graph = Graph::new(look);
    let mut verdicts = Vec::new();
    for mode in [Mode::Certain, Mode::Until, Mode::Suspected] {
        for knot in knots(&graph, mode).into_iter().filter(|knot| is_old(knot, threshold)) {
            let is_told = |known: &Verdict| knot.key.iter().all(|key| known.key.contains(key));
            if !verdicts.iter().any(is_told) {
                verdicts.push(knot);
            }
        }
    }
    let stuck: HashSet<u64> = verdicts.iter().flat_map(|verdict| verdict.key.iter().copied()).collect();
    let more = findings::findings(&graph, before, threshold);
    // Whoever holds a channel up because it is stuck itself is told by that.
    verdicts.extend(more.into_iter().filter(|it| !it.key.iter().any(|key| stuck.contains(key))));
    verdicts
}

/// The names of the fabric's channels, or its tasks, are locked.
fn busy() -> Verdict {
    let summary = "the fabric cannot be looked at: somebody holds its lock".to_owned();
    Verdict::new(VerdictKind::Outside, Duration::ZERO, summary)
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}
