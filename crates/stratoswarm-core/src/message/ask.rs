use super::Message;

/// What can be asked on a channel of `M`: a message with one reply type, or a part of one, as
/// [`protocol!`](crate::protocol) makes them.
///
/// # Examples
/// By hand, for a generic message:
/// ```
/// use stratoswarm_core::{Ask, Message, NoReply};
///
/// #[derive(Clone)]
/// struct Envelope<T>(T);
/// impl<T: Clone + Send + 'static> Message for Envelope<T> { type Reply = NoReply; }
///
/// struct Echo<T>(T);
/// impl<T: Clone + Send + 'static> Ask<Envelope<T>> for Echo<T> {
///     type Reply = T;
///     fn into_message(self) -> Envelope<T> { Envelope(self.0) }
/// }
/// ```
/// The serving side must take its responder with the same reply type; otherwise the caller gets
/// [`RequestError::WrongReplyType`](crate::RequestError::WrongReplyType).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be requested on a channel of `{M}`",
    note = "request one of its variants' payload structs, e.g. `request(QueryCost {{ .. }})`, or `send` it"
)]
pub trait Ask<M: Message>: Send + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// The message that travels.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::{Ask, messages::{CostMessage, QueryCost}};
    ///
    /// let message: CostMessage = QueryCost { tasks: 3 }.into_message();
    /// assert_eq!(message, CostMessage::QueryCost(QueryCost { tasks: 3 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn into_message(self) -> M;
}

#[diagnostic::do_not_recommend] // so that the error speaks of the request, not of `*const (): Send`
impl<M: Message> Ask<M> for M
where
    M::Reply: Send,
{
    type Reply = M::Reply;

    fn into_message(self) -> M {
        self
    }
}
