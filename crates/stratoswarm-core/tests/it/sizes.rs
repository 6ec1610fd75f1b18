//! What travels with every message is no larger than a channel needs that asks for nothing. The compiler checks it.

use static_assertions::const_assert_eq;
use stratoswarm_core::{Delivery, Permit, Sending};

const WORD: usize = size_of::<usize>();

// A responder without its type takes two words; a number and a mark one each.
const_assert_eq!(size_of::<Delivery<u64>>(), size_of::<u64>() + 4 * WORD);
// The channel and the place of the call take one each; the turn, with its number, two.
const_assert_eq!(size_of::<Sending<'static, u64>>(), size_of::<Option<u64>>() + 4 * WORD);
const_assert_eq!(size_of::<Permit<'static, u64>>(), 2 * WORD);
