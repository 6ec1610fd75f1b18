use bytes::Bytes;

/// A tour and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The tour as it travels; see [`TourBatch`](crate::tour::TourBatch).
    pub genome: Bytes,
    /// Its length.
    pub length: i64,
}
