use std::{
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::Pin,
    task::Poll,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use stratoswarm_core::{Ask, Channel, Closed, Priority, ReplyVisitor, RequestError, Wire};

/// A request that is made of a recorded message: its reply's type is asked of the message.
pub(crate) struct Asking<M: Wire> {
    pub(crate) channel: Channel<M>,
    pub(crate) message: M,
    pub(crate) class: Priority,
    /// None: without a deadline.
    pub(crate) left: Option<Duration>,
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
        let Self { channel, message, class, .. } = self;
        Box::pin(async move { channel.send(message).priority(class).await.map_err(|_| Closed) })
    }

    fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Over {
        let Self { channel, message, class, left } = self;
        Box::pin(async move {
            let request = channel.request(As::<M, R>(message, PhantomData)).priority(class);
            match request.timeout(left.unwrap_or(Duration::MAX)).await {
                Err(RequestError::Closed) => Err(Closed),
                _ => Ok(()),
            }
        })
    }
}

/// A message that is asked with this reply.
struct As<M, R>(M, PhantomData<fn() -> R>);

impl<M: Wire, R: Send + 'static> Ask<M> for As<M, R> {
    type Reply = R;

    fn into_message(self) -> M {
        self.0
    }
}
