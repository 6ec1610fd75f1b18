use serde::{Deserialize, Serialize};

/// What is decided of leases. Times to live in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LeaseCommand {
    /// The name, and for how long.
    #[serde(rename = "a")]
    Acquire(String, u64),
    /// The name, the token, and for how long from now on.
    #[serde(rename = "r")]
    Renew(String, u64, u64),
    /// The name, and the token.
    #[serde(rename = "f")]
    Release(String, u64),
}

impl LeaseCommand {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Acquire(name, _) | Self::Renew(name, ..) | Self::Release(name, _) => name,
        }
    }
}
