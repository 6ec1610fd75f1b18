//! What travels in the cases: the 64-byte enum, a numbered block of any size, and a shared mebibyte.

use std::sync::OnceLock;

use bytes::Bytes;
use stratoswarm_core::Priority;

use crate::rivals::{BeforeMessage, Message};

/// A message that carries its number, so that what was lost, doubled or damaged shows in a checksum.
pub(crate) trait Payload: Message + BeforeMessage + Default + Sync + Unpin {
    /// The message of this number.
    fn numbered(id: u64) -> Self;
    /// A value that depends on the number and on the far end of the message; 0 for a damaged message.
    fn digest(&self) -> u64;
}

/// The message of nearly every case: 64 bytes, two variants and one empty.
#[derive(Debug, Clone, Default)]
pub(crate) enum Msg {
    /// Ordinary work.
    Work {
        /// The message's number.
        id: u64,
        /// The rest of the 64 bytes.
        body: [u64; 6],
    },
    /// A request whose handling is written down, for the checks under cancellation.
    Logged {
        /// The message's number.
        id: u64,
    },
    /// Nothing: what a rival with slots fills them with.
    #[default]
    Empty,
}

const _: () = assert!(size_of::<Msg>() == 64);

impl Msg {
    /// The message's number.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::Work { id, .. } | Self::Logged { id } => *id,
            Self::Empty => u64::MAX,
        }
    }
}

impl Message for Msg {
    type Reply = u64;

    /// Asked where there are lanes: a tenth is critical, a fifth low.
    #[inline]
    fn priority(&self) -> Priority {
        match self.id() % 10 {
            0 => Priority::Critical,
            1 | 2 => Priority::Low,
            _ => Priority::Normal,
        }
    }
}

impl Payload for Msg {
    #[inline]
    fn numbered(id: u64) -> Self {
        Self::Work { id, body: [id; 6] }
    }

    #[inline]
    fn digest(&self) -> u64 {
        match self {
            Self::Work { id, body } if body[5] == *id => mix(*id),
            Self::Work { .. } | Self::Logged { .. } | Self::Empty => 0,
        }
    }
}

/// A message of exactly `N` bytes, at least 8.
#[derive(Debug, Clone)]
pub(crate) struct Block<const N: usize>([u8; N]);

impl<const N: usize> Default for Block<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Message for Block<N> {
    type Reply = ();
}

impl<const N: usize> Payload for Block<N> {
    #[inline]
    fn numbered(id: u64) -> Self {
        let mut block = [0; N];
        block[..8].copy_from_slice(&id.to_le_bytes());
        block[N - 1] = block[N - 1].wrapping_add(1);
        Self(block)
    }

    #[inline]
    fn digest(&self) -> u64 {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[..8]);
        mix(u64::from_le_bytes(id)).wrapping_add(u64::from(self.0[N - 1]))
    }
}

/// A mebibyte behind a reference count. Its digest is 0 unless it arrived at the address it was sent from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blob {
    id: u64,
    data: Bytes,
}

impl Blob {
    /// Bytes of one payload.
    pub(crate) const LEN: usize = 1 << 20;

    /// The payload of this number: four of them take turns, allocated once.
    fn payload(id: u64) -> &'static Bytes {
        static PAYLOADS: OnceLock<[Bytes; 4]> = OnceLock::new();
        let payloads = PAYLOADS.get_or_init(|| [1, 2, 3, 4].map(|fill| Bytes::from(vec![fill; Self::LEN])));
        &payloads[id as usize % payloads.len()]
    }
}

impl Message for Blob {
    type Reply = ();
}

impl Payload for Blob {
    #[inline]
    fn numbered(id: u64) -> Self {
        Self { id, data: Self::payload(id).clone() }
    }

    #[inline]
    fn digest(&self) -> u64 {
        if self.data.as_ptr() == Self::payload(self.id).as_ptr() { mix(self.id) } else { 0 }
    }
}

/// Count and checksum of what one reader got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Messages received.
    pub(crate) count: u64,
    /// Sum of their digests.
    pub(crate) sum: u64,
}

impl Tally {
    /// What the readers of `0..n` must have got in all.
    pub(crate) fn of<P: Payload>(n: u64) -> Self {
        let mut tally = Self::default();
        for id in 0..n {
            tally.add(&P::numbered(id));
        }
        tally
    }

    /// Adds one message.
    #[inline]
    pub(crate) fn add<P: Payload>(&mut self, message: &P) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(message.digest());
    }

    /// Both together.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum.wrapping_add(other.sum) }
    }
}

/// Spreads a number over all bits, never to 0 within the numbers used here.
#[inline]
fn mix(id: u64) -> u64 {
    (id + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
