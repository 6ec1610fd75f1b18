use serde::Serialize;
use stratoswarm_core::ReaderInfo;

/// What became of the messages meant for one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderAccount {
    /// The group's or subscriber's name.
    pub name: String,
    /// Messages accepted for it.
    pub accepted: u64,
    /// Taken by it.
    pub taken: u64,
    /// Skipped: expired, abandoned, or missed by a lossy reader.
    pub skipped: u64,
    /// Left unread.
    pub left: u64,
}

impl ReaderAccount {
    pub(super) fn balances(&self) -> bool {
        let parts = self.taken.checked_add(self.skipped).and_then(|sum| sum.checked_add(self.left));
        parts == Some(self.accepted)
    }
}

impl From<&ReaderInfo> for ReaderAccount {
    fn from(info: &ReaderInfo) -> Self {
        Self {
            name: info.name.clone(),
            accepted: info.accepted,
            taken: info.taken,
            skipped: info.skipped.total(),
            left: info.left,
        }
    }
}
