/// How fast a recording is replayed, on tokio's clock: where that is paused, hours take no time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub enum Pace {
    /// As it was recorded.
    #[default]
    Original,
    /// So many times as fast.
    Times(f64),
    /// As fast as the channels take it.
    Max,
}
