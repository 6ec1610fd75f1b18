use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use stratoswarm_record::{Diff, Recorded};

use crate::{
    Failure, FaultKind, Kit, Outcome,
    plan::Plan,
    run::{Run, run},
};

/// How long a run may take of its own clock.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs a test under one seed after the other. What `#[stratoswarm_test::test]` makes; for tests without it, and for the search
/// itself.
///
/// Each run has a runtime of one thread and a paused clock. With `STRATOSWARM_SEED=17` in the environment only that seed is run,
/// with `STRATOSWARM_SEEDS=1000` so many, whatever is stated.
///
/// # Examples
/// ```
/// use stratoswarm_core::examples::Job;
/// use stratoswarm_test::{FaultKind, Faults, Kit, Seeds};
///
/// async fn expects_no_gap(kit: Kit) {
///     let news = kit.everywhere(Faults::new().lose(0.1)).fabric().broadcast::<u32>("news").open().unwrap();
///     let mut reader = news.subscribe();
///     news.send(1).unwrap();
///     reader.recv().await.unwrap().expect("there is room");
/// }
/// let failure = Seeds::of("expects_no_gap").count(100).find(expects_no_gap).expect("it is lost under some seed");
/// assert_eq!(failure.least.kinds(), [FaultKind::Lose]);
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `run` or `find`"]
pub struct Seeds {
    test: String,
    first: u64,
    count: u64,
    limit: Duration,
}

impl Seeds {
    /// 20 seeds from 0 on, of a test of this name.
    ///
    /// # Panics
    /// A seed or a count in the environment is no number.
    pub fn of(test: &str) -> Self {
        let mut seeds = Self { test: test.to_owned(), first: 0, count: 20, limit: LIMIT };
        if let Some(seed) = stated("STRATOSWARM_SEED") {
            (seeds.first, seeds.count) = (seed, 1);
        }
        seeds
    }

    /// So many seeds, if the environment says nothing else.
    ///
    /// # Panics
    /// A seed or a count in the environment is no number, or the count is 0.
    pub fn count(mut self, seeds: u64) -> Self {
        if stated("STRATOSWARM_SEED").is_none() {
            self.count = stated("STRATOSWARM_SEEDS").unwrap_or(seeds);
            assert!(self.count > 0, "STRATOSWARM_SEEDS is 0: no seed would be tried");
        }
        self
    }

    /// From this seed on, if the environment says nothing else.
    ///
    /// # Panics
    /// A seed in the environment is no number.
    pub fn first(mut self, seed: u64) -> Self {
        if stated("STRATOSWARM_SEED").is_none() {
            self.first = seed;
        }
        self
    }

    /// A run fails when so much time has passed of its own clock; ten minutes if nothing is stated. Nothing is waited for: where
    /// nothing moves that time passes at once.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the test under all of them.
    ///
    /// # Panics
    /// It fails under one. The text is that of the [`Failure`].
    #[track_caller]
    pub fn run<F, Fut>(self, body: F)
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let found = self.find(body);
        assert!(found.is_none(), "{}", found.map_or_else(String::new, |failure| failure.to_string()));
    }

    /// The first seed under which it fails, and the least that makes it fail.
    pub fn find<F, Fut>(self, body: F) -> Option<Failure>
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let begin = Instant::now();
        (self.first..self.first.saturating_add(self.count)).find_map(|seed| {
            let first = self.once(Plan { seed, ..Plan::default() }, &body);
            let told = first.failed.clone()?;
            Some(self.look_closer(seed, told, first, begin.elapsed(), &body))
        })
    }

    fn once<F, Fut>(&self, plan: Plan, body: &F) -> Run
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        run(&self.test, plan, self.limit, body)
    }

    fn look_closer<F, Fut>(&self, seed: u64, told: String, first: Run, took: Duration, body: &F) -> Failure
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let path = self.path(seed);
        let again = self.recorded(seed, &path, body);
        let is_repeatable = again.failed.is_some();
        let least = if is_repeatable { self.shrink(seed, first.clone(), body) } else { first.clone() };
        let difference = again.is_recorded.then(|| self.difference(seed, &path, body)).flatten();
        Failure {
            test: self.test.clone(),
            seed,
            tried: (seed - self.first + 1, self.count),
            took,
            told,
            faults: first.tally,
            ended: first.ended,
            least: least.tally,
            least_told: least.failed.unwrap_or_default(),
            is_repeatable,
            recording: again.is_recorded.then_some(path),
            difference,
        }
    }

    /// With ever fewer kinds of faults, then with fewer of each.
    fn shrink<F, Fut>(&self, seed: u64, mut least: Run, body: &F) -> Run
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let mut plan = Plan { seed, ..Plan::default() };
        for kind in least.tally.kinds() {
            let mut fewer = plan.clone();
            fewer.without.push(kind);
            let run = self.once(fewer.clone(), body);
            if run.failed.is_some() {
                (plan, least) = (fewer, run);
            }
        }
        for kind in least.tally.kinds() {
            if kind == FaultKind::Capacities {
                continue;
            }
            let (mut passes, mut fails) = (0, least.tally.of(kind));
            while fails - passes > 1 {
                let middle = passes + (fails - passes) / 2;
                let mut fewer = plan.clone();
                fewer.at_most.insert(kind, middle);
                let run = self.once(fewer.clone(), body);
                if run.failed.is_some() {
                    fails = middle;
                    (plan, least) = (fewer, run);
                } else {
                    passes = middle;
                }
            }
        }
        least
    }

    fn recorded<F, Fut>(&self, seed: u64, path: &Path, body: &F) -> Run
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder); // without it the recording says why it cannot be
        }
        let _ = std::fs::remove_file(path); // of an earlier run, if there is one
        self.once(Plan { seed, record: Some(path.to_owned()), ..Plan::default() }, body)
    }

    /// The first difference between this recording and another of the same seed.
    fn difference<F, Fut>(&self, seed: u64, path: &Path, body: &F) -> Option<String>
    where
        F: Fn(Kit) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let other = path.with_extension("again.mcap");
        let run = self.recorded(seed, &other, body);
        let difference = if run.is_recorded { difference(path, &other) } else { None };
        let _ = std::fs::remove_file(&other);
        difference
    }

    /// Where a recording of this seed goes: beside what cargo builds.
    fn path(&self, seed: u64) -> PathBuf {
        let program = std::env::current_exe().unwrap_or_default();
        let built = program
            .ancestors()
            .find(|folder| folder.ends_with("deps"))
            .and_then(|deps| deps.ancestors().nth(2));
        let target = built.map_or_else(|| PathBuf::from("target"), Path::to_owned);
        target.join("stratoswarm").join(format!("{}-{seed}.mcap", self.test.replace("::", ".")))
    }
}

fn difference(one: &Path, other: &Path) -> Option<String> {
    let (one, other) = (Recorded::open([one]).ok()?, Recorded::open([other]).ok()?);
    let divergence = Diff::between(&one, &other).first().ok()??;
    Some(divergence.to_string())
}

/// A number in the environment.
#[expect(clippy::panic, reason = "a seed that is not tried would be taken for one that passes")]
fn stated(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.trim().parse().unwrap_or_else(|_| panic!("{name}={text}: a number from 0 on is what it may be")),
    )
}
