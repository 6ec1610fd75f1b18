use stratoswarm_core::RequestError;

use super::Component;

/// Why a run came to nothing, in one line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SwarmError {
    /// Nobody serves a component's channel.
    #[error("the run needs the component {component}, and nobody serves its channel")]
    Missing {
        /// The component.
        component: Component,
    },
    /// A component did not answer.
    #[error("the component {component} does not answer: {error}")]
    Unanswered {
        /// The component.
        component: Component,
        /// What the fabric says.
        error: RequestError,
    },
    /// A component answered with a fault.
    #[error("the component {component} refuses: {reason}")]
    Refused {
        /// The component.
        component: Component,
        /// What it says.
        reason: String,
    },
    /// A task of the swarm panicked.
    #[error("{task} panicked")]
    Panicked {
        /// Which one.
        task: String,
    },
    /// The result is not what it should be.
    #[error("the result is wrong: {0}")]
    WrongResult(String),
    /// The books of a component or a channel do not balance at the end.
    #[error("the accounts do not balance: {0}")]
    Unbalanced(String),
    /// The channels could not be drained in time.
    #[error("the channels are not drained: {0}")]
    Undrained(String),
}
