use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::log::Stored;

/// 128 bits of something. Against accidents, not against an adversary: whoever may write to the log may do anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(u64, u64);

impl Digest {
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = SipHasher13::new();
        for part in parts {
            hasher.write(part);
        }
        let hash = hasher.finish128();
        Self(hash.h1, hash.h2)
    }

    /// Of all entries up to this one, if `self` is of all before it.
    pub(crate) fn chain(self, stored: &Stored) -> Self {
        let time = nanoseconds(stored.time);
        let mut head = [0; 32];
        for (place, number) in head.chunks_exact_mut(8).zip([self.0, self.1, stored.index, time]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Self::of(&[&head, &stored.entry])
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.1.to_le_bytes());
        bytes
    }
}

/// What a proposer had read of the log: all entries up to this index, which hash to this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen(pub(crate) u64, pub(crate) Digest);

/// A stored time as it is kept: until the year 2554.
pub(crate) fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
