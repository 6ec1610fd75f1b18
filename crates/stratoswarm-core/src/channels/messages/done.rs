use serde::{Deserialize, Serialize};

/// What was asked for is done, and there is nothing more to say about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Done {}
