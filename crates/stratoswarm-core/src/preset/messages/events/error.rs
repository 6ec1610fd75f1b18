use serde::{Deserialize, Serialize};

/// Something went wrong that is worth telling, beyond the answer to whoever asked for it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Error, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// let error = Error { component: "store".to_owned(), message: "the disk is full".to_owned() };
/// registry.events().send(error.into())?;
/// let Some(Ok(SystemEvent::Error(error))) = events.recv().await else { panic!("no news") };
/// assert_eq!(format!("{}: {}", error.component, error.message), "store: the disk is full");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Error {
    /// What tells it: a component's name.
    pub component: String,
    /// What went wrong, in words.
    pub message: String,
}
