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
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use stratoswarm_core::messages::", stringify!($name), ";")]
            ///
            #[doc = concat!("let known = ", stringify!($name), "::random();")]
            #[doc = concat!("assert_ne!(", stringify!($name), "::random(), known);")]
            /// ```
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The identifier with this number, for those that must be the same in every run.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use stratoswarm_core::messages::", stringify!($name), ";")]
            ///
            #[doc = concat!("const FIRST: ", stringify!($name), " = ", stringify!($name), "::from_u128(1);")]
            /// assert_eq!(FIRST.to_string(), "00000000-0000-0000-0000-000000000001");
            /// ```
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
    ///
    /// # Examples
    /// ```
    /// # use std::collections::HashMap;
    /// use stratoswarm_core::messages::AgentId;
    ///
    /// let (scout, worker) = (AgentId::random(), AgentId::random());
    /// let names = HashMap::from([(scout, "scout"), (worker, "worker")]);
    /// assert_eq!(names[&scout], "scout");
    /// ```
    AgentId
}
id! {
    /// One allocation that a governor has granted.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::messages::{AllocationId, ReleaseAllocation};
    ///
    /// let allocation = AllocationId::from_u128(7);
    /// let json = serde_json::to_string(&ReleaseAllocation { allocation })?;
    /// assert_eq!(json, r#"{"allocation":"00000000-0000-0000-0000-000000000007"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    AllocationId
}
id! {
    /// One buffer in a device's memory. Whoever fills it first chooses the identifier.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::messages::{BufferId, LaunchKernel, TransferFromDevice, TransferToDevice};
    ///
    /// let buffer = BufferId::random(); // chosen by who fills it
    /// let fill = TransferToDevice { buffer, data: "0123".into() };
    /// let (name, buffers, arguments) = ("double".to_owned(), vec![buffer], Vec::new());
    /// let double = LaunchKernel { name, stream: 0, buffers, arguments };
    /// let read = TransferFromDevice { buffer };
    /// assert!(fill.buffer == read.buffer && double.buffers.contains(&read.buffer));
    /// ```
    BufferId
}
id! {
    /// One population of an evolution. Whoever takes its first step chooses the identifier.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::messages::PopulationId;
    ///
    /// // The same in every run.
    /// const ISLANDS: [PopulationId; 2] = [PopulationId::from_u128(1), PopulationId::from_u128(2)];
    /// assert!(ISLANDS[0] < ISLANDS[1]);
    /// assert_eq!(ISLANDS[0].to_string().len(), 36);
    /// ```
    PopulationId
}
id! {
    /// One task of a scheduler. Whoever asks for its placement chooses the identifier.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::messages::{CancelTask, Resources, ScheduleTask, TaskId};
    ///
    /// let task = TaskId::random(); // chosen by who asks for the place
    /// let place = ScheduleTask { task, requirements: Resources::default() };
    /// let give_up = CancelTask { task };
    /// assert_eq!(place.task, give_up.task);
    /// ```
    TaskId
}
