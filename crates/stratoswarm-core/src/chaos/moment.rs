/// At which operation of a channel something is asked for.
#[cfg_attr(not(feature = "chaos"), allow(unreachable_pub, dead_code, reason = "as with the feature"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// Before a message, a batch or a permit asks to be admitted.
    Send,
    /// Before a request asks to be admitted.
    Request,
    /// Before a reader takes a message, or several at once, that is there for it.
    Receive,
    /// After a message was handed out to [`serve`](crate::patterns::serve), before its handler goes on.
    Handle,
}
