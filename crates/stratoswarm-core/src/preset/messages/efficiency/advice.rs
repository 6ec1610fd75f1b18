use serde::{Deserialize, Serialize};

/// What to change, and why.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::Advice;
///
/// let json = r#"{ "parallel_tasks": 4, "memory_budget_bytes": 1024, "reason": "idle cores" }"#;
/// let advice: Advice = serde_json::from_str(json)?;
/// assert_eq!(advice.memory_budget_bytes / u64::from(advice.parallel_tasks), 256, "bytes for each task");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How many tasks should be computed at once.
    pub parallel_tasks: u32,
    /// How many bytes of memory the work may take.
    pub memory_budget_bytes: u64,
    /// Why, in words.
    pub reason: String,
}
