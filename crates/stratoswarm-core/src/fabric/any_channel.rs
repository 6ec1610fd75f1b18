use std::{
    any::{Any, type_name},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::HeldHandle;
use crate::{
    handle::{ChannelFacts, HandleKind, Shared},
    stats::{ChannelInfo, ChannelKind, ChannelTimes},
};

/// A channel or broadcast without its message type.
pub(super) trait AnyChannel: Any + Send + Sync {
    fn kind(&self) -> ChannelKind;
    fn message(&self) -> &'static str;
    fn capacity(&self) -> usize;
    fn address(&self) -> usize;

    fn info(&self) -> ChannelInfo;
    /// How long messages wait, and are worked on, as far as it was sampled.
    fn times(&self) -> ChannelTimes;
    /// Samples messages from now on if this is above 0 then, and otherwise no more.
    fn sample_if(&self, wanted: &AtomicUsize);
    fn close(&self);
    /// Ends every wait that is left, after the close.
    fn end(&self);
    /// Lets go of what nobody came for: it cannot be found any more.
    fn forsake(&self);
    /// A sending handle has gone.
    fn drop_sender(&self);

    /// Closed, and taken and finished by all that somebody serves.
    fn is_drained(&self) -> bool;
    /// Closed, and nothing is left for anybody.
    fn is_spent(&self) -> bool;
    /// Nobody can send here any more.
    fn is_mute(&self) -> bool;
    /// Nobody has a handle of it, and nobody works on what came from it.
    fn is_deserted(&self) -> bool;
    /// Whether somebody has a handle of it.
    fn has_handles(&self) -> bool;
    /// Messages that no reader took that needed them.
    fn undelivered(&self) -> u64;
    /// How many handles read here.
    fn readers(&self) -> usize;
    fn held(&self) -> Vec<HeldHandle>;
    /// What a look sees, which waits for no lock longer than this.
    fn facts(&self, within: Duration) -> ChannelFacts;
}

impl<M: Clone + Send + 'static> AnyChannel for Shared<M> {
    fn kind(&self) -> ChannelKind {
        self.kind
    }

    fn message(&self) -> &'static str {
        type_name::<M>()
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn address(&self) -> usize {
        self.address()
    }

    fn info(&self) -> ChannelInfo {
        self.info()
    }

    fn times(&self) -> ChannelTimes {
        self.times()
    }

    fn sample_if(&self, wanted: &AtomicUsize) {
        // Read under the lock: of several who come at once the last one knows what all of them want.
        let mut log = self.log.lock();
        log.set_sampled(wanted.load(Ordering::SeqCst) > 0);
    }

    fn close(&self) {
        self.close();
    }

    fn end(&self) {
        self.end();
    }

    fn forsake(&self) {
        self.forsake(false);
    }

    fn drop_sender(&self) {
        self.drop_sender();
    }

    fn is_drained(&self) -> bool {
        self.log.lock().is_drained()
    }

    fn is_spent(&self) -> bool {
        self.log.lock().is_spent()
    }

    fn is_mute(&self) -> bool {
        !self.has_senders()
    }

    fn is_deserted(&self) -> bool {
        !self.has_handles() && {
            let log = self.log.lock();
            log.is_closed() && !log.has_work_in_hand()
        }
    }

    fn has_handles(&self) -> bool {
        self.has_handles()
    }

    fn undelivered(&self) -> u64 {
        self.log.lock().undelivered()
    }

    fn readers(&self) -> usize {
        self.count_handles(|kind| !matches!(kind, HandleKind::Channel | HandleKind::Broadcast))
    }

    fn facts(&self, within: Duration) -> ChannelFacts {
        self.facts(within)
    }

    fn held(&self) -> Vec<HeldHandle> {
        let held = self.handle_sites().into_iter().map(|site| HeldHandle {
            channel: self.name.to_string(),
            kind: site.kind.name(),
            name: site.name,
            location: site.at,
            count: site.count,
        });
        held.collect()
    }
}
