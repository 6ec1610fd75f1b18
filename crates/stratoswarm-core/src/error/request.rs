use std::time::Duration;

use super::Stage;

/// A request brought no reply.
///
/// A handler's own refusal is none of these: it is part of the reply type.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, RequestError};
/// # use stratoswarm_core::examples::Ping;
/// let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// let mut worker = pings.join("workers");
/// tokio::spawn(async move { drop(worker.recv().await) }); // forgets to answer
/// assert_eq!(pings.request(Ping).await, Err(RequestError::Unanswered));
/// pings.close();
/// assert_eq!(pings.request(Ping).await, Err(RequestError::Closed));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The channel was closed before the request was accepted, or shut down before it was answered.
    #[error("channel closed")]
    Closed,
    /// `try_request` found no room.
    #[error("channel full")]
    Full,
    /// `try_request` found no group: join one, or declare it at the channel's opening.
    #[error("channel has no group to take the request")]
    Unserved,
    /// The deadline passed.
    #[error("expired while {stage} after {waited:?} with {members} group members to answer")]
    Expired {
        /// How far the request had come.
        stage: Stage,
        /// From the first poll to the expiry.
        waited: Duration,
        /// How many members the channel's groups had at that moment; 0 explains a lot.
        members: usize,
    },
    /// Of the groups that `request_all` asked, fewer answered than were wanted: by the deadline, or no more of them can.
    #[error("{got} of {wanted} replies came")]
    NoQuorum {
        /// How many answered.
        got: usize,
        /// How many were wanted.
        wanted: usize,
    },
    /// The last responder was dropped without a reply: the handler panicked or forgot, or the group was removed.
    #[error("handler dropped the request unanswered")]
    Unanswered,
    /// The last group that could have answered [drops its oldest](crate::GroupOptions::drop_oldest), or keeps the [latest of a
    /// key](crate::GroupOptions::latest_by), and lost the request so.
    #[error("request lost to newer messages")]
    Evicted,
    /// The handler asked for a responder of another reply type: the two `Ask` implementations disagree.
    #[error("handler answers with another type")]
    WrongReplyType,
    /// A group that acknowledges gave the request up: no delivery of it was answered, or a handler refused it for good.
    #[error("request given up after {attempts} deliveries")]
    DeadLettered {
        /// How often it was handed to a handler.
        attempts: u32,
    },
}
