use std::panic::Location;

use super::{Fabric, sealed::Sealed};
use crate::{
    channel::{Broadcast, Channel},
    handle::{Handle, HandleKind},
    message::Message,
    stats::ChannelKind,
};

/// What [`Fabric::get`] looks for: a message's type for its [`Channel`], or `Channel<M>` or `Broadcast<M>` itself.
///
/// It cannot be implemented elsewhere.
pub trait Lookup: Sealed {
    /// The handle that is found.
    type Found;

    #[doc(hidden)]
    fn find(fabric: &Fabric, name: &str, at: &'static Location<'static>) -> Option<Self::Found>;
}

impl<M: Message> Sealed for M {}
impl<M: Message> Lookup for M {
    type Found = Channel<M>;

    fn find(fabric: &Fabric, name: &str, at: &'static Location<'static>) -> Option<Channel<M>> {
        find(fabric, name, ChannelKind::Channel, HandleKind::Channel, at).map(Channel::new)
    }
}

impl<M: Message> Sealed for Channel<M> {}
impl<M: Message> Lookup for Channel<M> {
    type Found = Self;

    fn find(fabric: &Fabric, name: &str, at: &'static Location<'static>) -> Option<Self> {
        M::find(fabric, name, at)
    }
}

impl<M: Clone + Send + 'static> Sealed for Broadcast<M> {}
impl<M: Clone + Send + 'static> Lookup for Broadcast<M> {
    type Found = Self;

    fn find(fabric: &Fabric, name: &str, at: &'static Location<'static>) -> Option<Self> {
        find(fabric, name, ChannelKind::Broadcast, HandleKind::Broadcast, at).map(Self::new)
    }
}

fn find<M: Clone + Send + 'static>(
    fabric: &Fabric,
    name: &str,
    kind: ChannelKind,
    handle: HandleKind,
    at: &'static Location<'static>,
) -> Option<Handle<M>> {
    let shared = fabric.directory().find(name)?.of::<M>(kind)?;
    Handle::revived(shared, handle, at)
}
