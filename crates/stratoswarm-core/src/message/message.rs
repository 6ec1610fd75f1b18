use super::Priority;

/// Anything that travels through a [`Channel`](crate::Channel).
///
/// `Clone`, because several readers may want it; not `Sync` and not `Serialize`, which nothing in one process needs.
///
/// `Clone` may run under the channel's lock: it must not use the channel. Large parts belong behind a reference count,
/// such as [`Bytes`](https://docs.rs/bytes).
///
/// # Examples
/// ```
/// use stratoswarm_core::{Message, NoReply};
///
/// /// Answered with the price in cents.
/// #[derive(Clone)]
/// struct Price { sku: String }
/// impl Message for Price { type Reply = u64; }
///
/// /// Never answered.
/// #[derive(Clone)]
/// struct Tick;
/// impl Message for Tick { type Reply = NoReply; }
/// ```
/// For an enum whose variants have replies of their own, see [`protocol!`](crate::protocol).
pub trait Message: Clone + Send + 'static {
    /// What a request of the whole message yields; [`NoReply`](crate::NoReply) if only its parts can be asked, or
    /// nothing.
    type Reply: 'static;

    /// The class of traffic it belongs to.
    ///
    /// Channels have one lane so far: the class travels nowhere yet and changes no order.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::{Message, NoReply, Priority};
    ///
    /// #[derive(Clone)]
    /// enum Order { Stop, Work(u32) }
    /// impl Message for Order {
    ///     type Reply = NoReply;
    ///     fn priority(&self) -> Priority {
    ///         match self { Self::Stop => Priority::Critical, Self::Work(_) => Priority::default() }
    ///     }
    /// }
    /// assert!(Order::Stop.priority() < Order::Work(1).priority(), "the most urgent first");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn priority(&self) -> Priority {
        Priority::Normal
    }
}
