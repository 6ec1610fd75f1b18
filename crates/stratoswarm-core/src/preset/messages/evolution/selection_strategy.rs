use serde::{Deserialize, Serialize};

/// How parents are chosen.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::SelectionStrategy;
///
/// let strategy: SelectionStrategy = serde_json::from_str(r#"{ "Tournament": { "size": 3 } }"#)?; // of a settings file
/// let SelectionStrategy::Tournament { size } = strategy else { panic!("{strategy:?}") };
/// assert_eq!(size, 3);
/// assert_eq!(serde_json::to_string(&SelectionStrategy::Elitist)?, r#""Elitist""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SelectionStrategy {
    /// The fittest of some drawn at random.
    Tournament {
        /// How many are drawn, at least one.
        size: u32,
    },
    /// At random, proportional to fitness.
    Roulette,
    /// At random, proportional to the rank by fitness.
    Rank,
    /// The fittest, with no chance in it.
    Elitist,
}
