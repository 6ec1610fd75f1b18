//! What can go wrong, one type per operation.
//!
//! | operation | error |
//! |---|---|
//! | `send`, `blocking_send`, `Broadcast::send` | [`SendError`] with the message |
//! | `try_send`, `try_reserve` | [`TrySendError`] with the message |
//! | `reserve`, `send_many` | [`Closed`] |
//! | `reserve_many` | [`ReserveManyError`] |
//! | `send_timeout` | [`SendTimeoutError`] with the message |
//! | `try_recv` | [`TryRecvError`] |
//! | `recv_timeout` | [`RecvTimeoutError`] |
//! | `recv` of a lossy reader | [`Lagged`], between the messages |
//! | `request`, `try_request`, `request_all` | [`RequestError`], with the [`Stage`] in which a request expired |
//! | `GroupOptions::join` | [`JoinError`] |
//! | `open` | [`OpenError`] |
//! | `set_capacity` | [`ResizeError`] |
//!
//! Errors of sending hand the message back and ask nothing of it, not even `Debug`. What a *handler* has to object is
//! not an error of the fabric: it is a value of the request's reply type, usually an inner `Result`.
//!
//! # Examples
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use stratoswarm_core::{Fabric, TrySendError};
//! # use stratoswarm_core::examples::Job;
//! let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
//! jobs.send(Job(1)).await?; // each of the errors goes through `?`
//! match jobs.try_send(Job(2)) {
//!     Err(TrySendError::Full(job)) => assert_eq!(job, Job(2), "to be sent again"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(()) }
//! ```

mod closed;
mod join;
mod lagged;
mod open;
mod recv_timeout;
mod request;
mod reserve_many;
mod resize;
mod send;
mod send_timeout;
mod stage;
mod try_recv;
mod try_send;

pub use closed::Closed;
pub use join::JoinError;
pub use lagged::Lagged;
pub use open::OpenError;
pub use recv_timeout::RecvTimeoutError;
pub use request::RequestError;
pub use reserve_many::ReserveManyError;
pub use resize::ResizeError;
pub use send::SendError;
pub use send_timeout::SendTimeoutError;
pub use stage::Stage;
pub use try_recv::TryRecvError;
pub use try_send::TrySendError;
