use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A genome and what it is worth.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::Individual;
///
/// let measured = [("ab", 0.5), ("cd", 0.75)];
/// let individuals = measured.map(|(genome, fitness)| Individual { genome: genome.into(), fitness });
/// let best = individuals.iter().max_by(|a, b| a.fitness.total_cmp(&b.fitness)).ok_or("nobody")?;
/// assert_eq!(&*best.genome, b"cd");
/// assert_eq!(&serde_json::from_str::<Individual>(&serde_json::to_string(best)?)?, best);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    /// The genome.
    pub genome: Bytes,
    /// Its fitness; the greater the better.
    pub fitness: f64,
}
