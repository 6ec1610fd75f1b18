use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares one identifier: a UUID that cannot be taken for one of another thing.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier that nobody else has (UUID version 4).
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The identifier with this number, for those that must be the same in every run.
            pub const fn from_u128(number: u128) -> Self {
                Self(Uuid::from_u128(number))
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One agent of a swarm.
    AgentId
}
id! {
    /// One allocation that a governor has granted.
    AllocationId
}
id! {
    /// One buffer in a device's memory. Whoever fills it first chooses the identifier.
    BufferId
}
id! {
    /// One population of an evolution. Whoever takes its first step chooses the identifier.
    PopulationId
}
id! {
    /// One task of a scheduler. Whoever asks for its placement chooses the identifier.
    TaskId
}
