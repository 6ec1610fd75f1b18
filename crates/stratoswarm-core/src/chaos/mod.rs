//! Faults for tests, which keep what a channel guarantees: with the feature `chaos`.
//!
//! [`Held`] is in every build, so that the operations read the same; without the feature it is empty, and asks nobody.

#[cfg(feature = "chaos")]
mod chaos;
mod held;
#[cfg(feature = "chaos")]
mod hold;
mod moment;

#[cfg(feature = "chaos")]
pub(crate) use self::chaos::{Disturbed, NoChaos, disturbed};
pub(crate) use self::held::Held;
#[cfg(feature = "chaos")]
pub use self::moment::Moment;
#[cfg(not(feature = "chaos"))]
pub(crate) use self::moment::Moment;
#[cfg(feature = "chaos")]
pub use self::{chaos::Chaos, hold::Hold};
