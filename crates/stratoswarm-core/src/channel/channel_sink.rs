use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_sink::Sink;

use super::{
    Channel,
    reserving::poll_place,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    error::{Closed, TrySendError},
    message::Message,
    sync::poll_proceed,
    waiting::WaitId,
};

/// A [`Channel`] as a [`Sink`], with the feature `sink`; made by [`Channel::into_sink`].
///
/// Ready means that a place is reserved, as by [`reserve`](Channel::reserve): it is the sink's until it sends, is closed or
/// dropped, and a shutdown waits for it as for a permit. There is nothing to flush: what was sent is in the channel. To close
/// the sink gives a reserved place back; the channel stays open for its other handles, and until the sink is dropped.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures::{SinkExt, StreamExt, stream};
/// use stratoswarm_core::channel;
///
/// let numbers = channel::<u32>(2);
/// let worker = numbers.join("workers");
/// let sending = stream::iter(1..=5).map(Ok).forward(numbers.into_sink());
/// let (sent, got) = tokio::join!(sending, worker.take(5).map(|number| *number).collect::<Vec<_>>());
/// sent?;
/// assert_eq!(got, [1, 2, 3, 4, 5]);
/// # Ok(()) }
/// ```
pub struct ChannelSink<M: Message> {
    channel: Channel<M>,
    turn: Turn,
    /// The permit for the next message.
    place: Option<WaitId>,
    at: &'static Location<'static>,
}

impl<M: Message> ChannelSink<M> {
    pub(super) fn new(channel: Channel<M>, at: &'static Location<'static>) -> Self {
        Self { channel, turn: Turn::new(), place: None, at }
    }

    /// The channel again. A reserved place is given back.
    #[track_caller]
    pub fn into_inner(mut self) -> Channel<M> {
        self.give_back();
        self.channel.clone()
    }

    fn give_back(&mut self) {
        let shared = self.channel.shared();
        self.turn.cancel(shared);
        if let Some(place) = self.place.take() {
            shared.return_permit(place);
        }
    }
}

impl<M: Message> Sink<M> for ChannelSink<M> {
    type Error = TrySendError<()>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let Self { channel, turn, place, at } = self.get_mut();
        if place.is_some() {
            return Poll::Ready(Ok(()));
        }
        let budget = ready!(poll_proceed(cx));
        ready!(turn.hold(channel.shared(), Moment::Send, cx));
        let by = By { handle: channel.address(), at };
        let reserved = ready!(poll_place(turn, channel.shared(), by, cx));
        budget.made_progress();
        *place = Some(reserved.map_err(|Closed| TrySendError::Closed(()))?);
        Poll::Ready(Ok(()))
    }

    /// Without a place, which is against the contract of a sink, the message is sent if there is room at once, and dropped
    /// otherwise.
    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), Self::Error> {
        let this = self.get_mut();
        match this.place.take() {
            Some(place) => {
                this.channel.shared().send_permitted(place, message, this.channel.sender());
                Ok(())
            }
            None => this.channel.try_send(message).map_err(|error| match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Closed(_) => TrySendError::Closed(()),
            }),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().give_back();
        Poll::Ready(Ok(()))
    }
}

impl<M: Message> Unpin for ChannelSink<M> {}

impl<M: Message> Drop for ChannelSink<M> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<M: Message> fmt::Debug for ChannelSink<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSink").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}
