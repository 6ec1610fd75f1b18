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
    /// It is asked when the message is sent into a channel with [lanes](crate::ChannelBuilder::lane), unless the call states one:
    /// its lane has room and order of its own. In other channels it changes nothing.
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

    /// How many bytes it is counted as, where those are bounded: [`ChannelBuilder::max_bytes`](crate::ChannelBuilder::max_bytes),
    /// [`Budget`](crate::Budget). The size of the type, unless it says otherwise; of what has parts elsewhere, such as
    /// [`Bytes`](https://docs.rs/bytes), their length is what matters.
    ///
    /// Asked only there, once for each message, as it comes in; what it said then is given back later. It may run under the
    /// channel's lock: it must not use the channel. One that panics counts as the size of the type, and more than 2⁴⁸ as that.
    ///
    /// # Examples
    /// ```
    /// # use bytes::Bytes;
    /// use stratoswarm_core::{Fabric, Message, NoReply};
    ///
    /// #[derive(Clone)]
    /// struct Image { pixels: Bytes }
    /// impl Message for Image {
    ///     type Reply = NoReply;
    ///     fn weight(&self) -> usize { self.pixels.len() }
    /// }
    ///
    /// let images = Fabric::new().channel::<Image>("images").max_bytes(1_000).open()?;
    /// images.try_send(Image { pixels: vec![0; 900].into() })?;
    /// assert!(images.try_send(Image { pixels: vec![0; 101].into() }).is_err());
    /// images.try_send(Image { pixels: vec![0; 100].into() })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}
