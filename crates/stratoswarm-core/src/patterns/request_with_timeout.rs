use std::time::Duration;

use crate::{
    channel::Channel,
    error::RequestError,
    message::{Ask, Message},
};

/// Sends a request and waits up to `timeout` for its reply: `channel.request(ask).timeout(timeout)` as a function.
///
/// # Errors
/// Those of [`Channel::request`].
///
/// # Cancel safety
/// That of [`Channel::request`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, Message};
/// use stratoswarm_core::patterns::request_with_timeout;
/// # #[derive(Clone)] struct Ping;
/// # impl Message for Ping { type Reply = u8; }
/// # let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// # let mut worker = pings.join("workers");
/// # tokio::spawn(async move { while let Some(d) = worker.recv().await { d.into_parts().1.send(7); } });
/// assert_eq!(request_with_timeout(&pings, Ping, Duration::from_secs(1)).await?, 7);
/// # Ok(()) }
/// ```
pub async fn request_with_timeout<M: Message, A: Ask<M>>(
    channel: &Channel<M>,
    ask: A,
    timeout: Duration,
) -> Result<A::Reply, RequestError> {
    channel.request(ask).timeout(timeout).await
}
