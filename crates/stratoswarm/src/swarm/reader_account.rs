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
    /// Given up, as a group does that acknowledges.
    #[serde(skip_serializing_if = "is_zero")]
    pub dead: u64,
    /// Left unread.
    pub left: u64,
}

impl ReaderAccount {
    pub(super) fn balances(&self) -> bool {
        let parts = [self.taken, self.skipped, self.dead, self.left];
        parts.into_iter().try_fold(0_u64, u64::checked_add) == Some(self.accepted)
    }
}

impl From<&ReaderInfo> for ReaderAccount {
    fn from(info: &ReaderInfo) -> Self {
        Self {
            name: info.name.clone(),
            accepted: info.accepted,
            taken: info.taken,
            skipped: info.skipped.total(),
            dead: info.dead,
            left: info.left,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
