use std::panic::Location;

/// Who sends on a traced channel: all its handles of one name, or those without a name that were made in one place. Made by
/// [`Channel::senders`](crate::Channel::senders).
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
/// let planner = jobs.named("planner");
/// let labels: Vec<_> = jobs.senders().iter().map(|sender| sender.label()).collect();
/// assert!(labels[0].contains(".rs:"), "where it was opened: {labels:?}");
/// assert_eq!(labels[1], "planner");
/// # drop(planner);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SenderInfo {
    /// What its messages are known by: [`Origin::sender`](crate::Origin::sender). The first of a channel is 0.
    pub id: u32,
    /// What its handles are called.
    pub name: Option<String>,
    /// Where the first of them was made.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::location"))]
    pub location: &'static Location<'static>,
}

impl SenderInfo {
    /// Its name; without one the place where it was made, as `file:line:column`.
    #[must_use]
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.location.to_string())
    }
}
