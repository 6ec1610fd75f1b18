use std::{fmt, time::Duration};

use hdrhistogram::Histogram;

/// How long something took, of those messages that were looked at: each stands for all that came since the one before it.
///
/// Times are known to 1 µs or 1 %, whichever is more; more than an hour counts as one. What is here is a histogram with two
/// significant digits (`HdrHistogram`), so that times of several readers, or swarms, can be [merged](Self::merge).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// # use std::time::Duration;
/// let fabric = Fabric::new();
/// let sampling = fabric.sample_times();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// for n in 1..=3 {
///     jobs.send(Job(n)).await?;
///     tokio::time::sleep(Duration::from_millis(100)).await;
///     worker.recv().await;
/// }
/// let waiting = &sampling.times()[0].readers[0].waiting;
/// assert_eq!((waiting.samples(), waiting.longest()), (3, Duration::from_millis(100)));
/// assert!(waiting.quantile(0.99).is_some_and(|time| time.as_millis().abs_diff(100) <= 1));
/// # Ok(()) }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Times {
    /// None before the first.
    micros: Option<Box<Histogram<u64>>>,
    samples: u64,
    longest: Duration,
}

/// More is not told apart.
const MOST: Duration = Duration::from_secs(3600);

/// Two significant digits: 1 %.
const DIGITS: u8 = 2;

impl Times {
    /// One more, which stands for so many messages.
    pub(crate) fn record(&mut self, time: Duration, weight: u64) {
        let micros = time.min(MOST).as_micros() as u64;
        if self.micros.is_none() {
            self.micros = Histogram::new(DIGITS).ok().map(Box::new); // it grows with what is put in
        }
        if self.micros.as_mut().is_some_and(|histogram| histogram.record_n(micros, weight).is_ok()) {
            self.samples += 1;
            self.longest = self.longest.max(time);
        }
    }

    /// How many messages were looked at.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// How many messages those stand for.
    pub fn messages(&self) -> u64 {
        self.micros.as_ref().map_or(0, |histogram| histogram.len())
    }

    /// Which time so large a part of the messages did not exceed: 0.5 asks for the median, 0.99 for what all but one in a hundred
    /// kept to. None without samples, or if `part` is no number. `part` is taken as 0 below that, and as 1 above.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let micros = self.micros.as_ref().filter(|_| !part.is_nan())?.value_at_quantile(part.clamp(0.0, 1.0));
        let time = Duration::from_micros(micros);
        Some(time.min(self.longest)) // what is said of a histogram is the end of its step
    }

    /// The longest there was; 0 without samples.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The sum over all messages, to about 1 %.
    pub fn total(&self) -> Duration {
        let seconds = self.micros.as_ref().map_or(0.0, |micros| micros.mean() * micros.len() as f64 / 1e6);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// How many messages took no longer than this.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Times;
    /// # use std::time::Duration;
    /// assert_eq!(Times::default().within(Duration::from_secs(1)), 0);
    /// ```
    pub fn within(&self, time: Duration) -> u64 {
        match &self.micros {
            Some(micros) if time < self.longest => micros.count_between(0, time.as_micros() as u64),
            _ => self.messages(),
        }
    }

    /// What has come since an earlier look at the same; all of it, if that was at another. The longest of it is known to 1 %.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Times;
    /// let (before, now) = (Times::default(), Times::default());
    /// assert_eq!(now.since(&before), Times::default());
    /// ```
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let (Some(micros), Some(earlier)) = (&self.micros, &before.micros) else { return self.clone() };
        let mut since = micros.clone();
        if since.subtract(&**earlier).is_err() {
            return self.clone();
        }
        if since.is_empty() {
            return Self::default();
        }
        let longest = Duration::from_micros(since.max()).min(self.longest);
        Self { micros: Some(since), samples: self.samples.saturating_sub(before.samples), longest }
    }

    /// Takes in what others know.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Times;
    /// let mut all = Times::default();
    /// all.merge(&Times::default());
    /// assert_eq!((all.samples(), all.quantile(0.5)), (0, None));
    /// ```
    pub fn merge(&mut self, other: &Self) {
        let Some(others) = &other.micros else { return };
        let merged = match &mut self.micros {
            Some(micros) => micros.add(&**others).is_ok(),
            none => {
                *none = Some(others.clone());
                true
            }
        };
        if merged {
            self.samples += other.samples;
            self.longest = self.longest.max(other.longest);
        }
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times")
            .field("samples", &self.samples)
            .field("messages", &self.messages())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}

/// As how many there are, and what some parts of them kept to, in seconds.
#[cfg(feature = "serde")]
impl serde::Serialize for Times {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = to.serialize_struct("Times", 6)?;
        fields.serialize_field("samples", &self.samples)?;
        fields.serialize_field("messages", &self.messages())?;
        for (name, part) in [("p50_s", 0.5), ("p90_s", 0.9), ("p99_s", 0.99)] {
            fields.serialize_field(name, &self.quantile(part).map(|time| time.as_secs_f64()))?;
        }
        fields.serialize_field("longest_s", &self.longest.as_secs_f64())?;
        fields.end()
    }
}
