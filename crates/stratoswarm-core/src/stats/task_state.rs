/// What a tracked task does, as its polls and its wakers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum TaskState {
    /// It is polled, or was not polled yet.
    Running,
    /// It is to be polled.
    Woken,
    /// Its last poll was pending, and nobody has woken it since.
    Parked,
}
