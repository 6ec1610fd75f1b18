use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The children made, not measured yet.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{EvaluateFitness, Offspring};
///
/// let children = Offspring { genomes: vec!["ab".into(), "cd".into()] };
/// let measure = EvaluateFitness { genomes: children.genomes }; // what comes next
/// assert_eq!(serde_json::to_string(&measure)?, r#"{"genomes":[[97,98],[99,100]]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offspring {
    /// Their genomes.
    pub genomes: Vec<Bytes>,
}
