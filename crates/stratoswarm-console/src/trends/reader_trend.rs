use stratoswarm_core::{ReaderKind, Times};

/// How the figures of one reader go, per second; see [`ChannelTrend`](crate::ChannelTrend).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct ReaderTrend {
    /// Its name, as in the snapshot.
    pub name: String,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// Messages taken a second, over the last one.
    pub taken_per_s: Option<f64>,
    /// How many seconds ago the oldest message was accepted that it has not taken; 0 if it has all.
    pub lag_s: Option<f64>,
    /// Whether `lag_s` may be more, as the message was there before the first look.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lag_at_least: bool,
    /// In how many seconds it has taken what it has left, at its rate and if nothing comes; none if it takes nothing.
    pub drain_s: Option<f64>,
    /// How long messages waited for it, of those that [are looked at](stratoswarm_core::Fabric::sample_times), over the last ten
    /// to twenty seconds; none if there were none.
    pub waiting: Option<Times>,
    /// How long they were worked on, in the same way.
    pub handling: Option<Times>,
}
