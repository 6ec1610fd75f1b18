//! What travels with every message is no larger than a channel needs that asks for nothing, and the handles and futures are of the
//! size that they have without faults. The compiler checks it.

use static_assertions::const_assert_eq;
use stratoswarm_core::{Channel, Delivery, OwnedPermit, Permit, Responder};

const WORD: usize = size_of::<usize>();

// A responder without its type takes two words; a number and a mark one each.
const_assert_eq!(size_of::<Delivery<u64>>(), size_of::<u64>() + 4 * WORD);
const_assert_eq!(size_of::<Permit<'static, u64>>(), 2 * WORD);
const_assert_eq!(size_of::<OwnedPermit<u64>>(), 4 * WORD);
const_assert_eq!(size_of::<Responder<u64>>(), 7 * WORD);
const_assert_eq!(size_of::<Channel<u64>>(), 2 * WORD);

/// What has room for a fault only with the feature `chaos`.
#[cfg(not(feature = "chaos"))]
mod without_faults {
    use stratoswarm_core::{
        LossySubscriber, Receiver, Requesting, Reserving, Sending, SendingTimed, Subscriber, examples::Ping,
    };

    use super::{WORD, const_assert_eq};

    // The channel and the place of the call take one each; the turn, with its number, two.
    const_assert_eq!(size_of::<Sending<'static, u64>>(), size_of::<Option<u64>>() + 4 * WORD);
    const_assert_eq!(size_of::<SendingTimed<'static, u64>>(), size_of::<Sending<'static, u64>>() + 8 * WORD);
    const_assert_eq!(size_of::<Reserving<'static, u64>>(), 7 * WORD);
    const_assert_eq!(size_of::<Requesting<'static, Ping, Ping>>(), 24 * WORD);
    const_assert_eq!(size_of::<Receiver<u64>>(), 15 * WORD);
    const_assert_eq!(size_of::<Subscriber<u64>>(), 13 * WORD);
    const_assert_eq!(size_of::<LossySubscriber<u64>>(), 25 * WORD);
}
