use std::{
    future::{Future, poll_fn},
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use super::Expected;
use serde::{Serialize, de::DeserializeOwned};
use stratoswarm_core::{Ask, Channel, Closed, Priority, ReplyVisitor, RequestError, Wire};

/// A request that is made of a recorded message: its reply's type is asked of the message.
pub(crate) struct Asking<M: Wire> {
    pub(crate) channel: Channel<M>,
    pub(crate) message: M,
    pub(crate) class: Priority,
    /// None: without a deadline.
    pub(crate) left: Option<Duration>,
    /// What its reply is compared with.
    pub(crate) expected: Option<Expected>,
}

/// Whether the channel is closed, once the request is over.
type Over = Pin<Box<dyn Future<Output = Result<(), Closed>> + Send>>;

impl<M: Wire> Asking<M> {
    /// Asks as soon as there is room, and returns when that is accepted, or waits in the channel's line behind others that came
    /// meanwhile. A task waits for the reply.
    pub(crate) async fn ask(self) -> Result<(), Closed> {
        let (channel, class) = (self.channel.clone(), self.class);
        drop(channel.reserve().priority(class).await.map_err(|_| Closed)?);
        let message = self.message.clone();
        let mut over = message.reply(self);
        match poll_fn(|cx| Poll::Ready(over.as_mut().poll(cx))).await {
            Poll::Ready(over) => over,
            Poll::Pending => {
                tokio::spawn(over);
                Ok(())
            }
        }
    }
}

impl<M: Wire> ReplyVisitor for Asking<M> {
    type Out = Over;

    /// It was asked as something else than a part of its protocol.
    fn none(self) -> Over {
        let Self { channel, message, class, expected, .. } = self;
        if let Some(expected) = expected {
            expected.compare(Err("it is not answered".to_owned()));
        }
        Box::pin(async move { channel.send(message).priority(class).await.map_err(|_| Closed) })
    }

    fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Over {
        let Self { channel, message, class, left, expected } = self;
        Box::pin(async move {
            let request = channel.request(As::<M, R>(message, PhantomData)).priority(class);
            let reply = request.timeout(left.unwrap_or(Duration::MAX)).await;
            let closed = matches!(reply, Err(RequestError::Closed));
            if let Some(expected) = expected {
                expected.compare(reply.map_err(|error| error.to_string()).and_then(encoded));
            }
            if closed { Err(Closed) } else { Ok(()) }
        })
    }
}

fn encoded<R: Serialize>(reply: R) -> Result<Vec<u8>, String> {
    catch_unwind(AssertUnwindSafe(|| cbor4ii::serde::to_vec(Vec::new(), &reply)))
        .map_err(|_| "its encoding panicked".to_owned())?
        .map_err(|error| format!("it cannot be encoded: {error}"))
}

/// A message that is asked with this reply.
struct As<M, R>(M, PhantomData<fn() -> R>);

impl<M: Wire, R: Send + 'static> Ask<M> for As<M, R> {
    type Reply = R;

    fn into_message(self) -> M {
        self.0
    }
}
