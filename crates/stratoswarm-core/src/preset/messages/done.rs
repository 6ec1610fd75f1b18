use serde::{Deserialize, Serialize};

/// What was asked for is done, and there is nothing more to say about it.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{Done, GpuFault};
///
/// let outcome: Result<Done, GpuFault> = serde_json::from_str(r#"{ "Ok": {} }"#)?; // how a command ended
/// assert_eq!(outcome, Ok(Done {}));
/// assert_eq!(serde_json::to_string(&Done {})?, "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Done {}
