use serde::Serialize;
use stratoswarm_core::ChannelInfo;

use super::ReaderAccount;

/// What went through one channel, as the fabric counted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelAccount {
    /// The channel's name.
    pub name: String,
    /// `channel` or `broadcast`.
    pub kind: String,
    /// How many messages may wait.
    pub capacity: usize,
    /// Messages accepted.
    pub sent: u64,
    /// Hand-overs to readers; a message with two readers counts twice.
    pub delivered: u64,
    /// The most messages that ever waited at once.
    pub most_waiting: usize,
    /// Requests asked.
    pub asked: u64,
    /// Requests answered.
    pub answered: u64,
    /// Requests whose deadline passed.
    pub expired: u64,
    /// Every reader that was there.
    pub readers: Vec<ReaderAccount>,
}

impl ChannelAccount {
    /// What does not add up: of every reader, accepted must be taken + skipped + dead + left. None where all is well.
    pub fn imbalance(&self) -> Option<String> {
        let reader = self.readers.iter().find(|reader| !reader.balances())?;
        let ReaderAccount { name, accepted, taken, skipped, dead, left } = reader;
        Some(format!(
            "channel {}, reader {name}: accepted {accepted} is not taken {taken} + skipped {skipped} + dead {dead} + left {left}",
            self.name
        ))
    }
}

impl From<&ChannelInfo> for ChannelAccount {
    fn from(info: &ChannelInfo) -> Self {
        Self {
            name: info.name.clone(),
            kind: info.kind.to_string(),
            capacity: info.capacity,
            sent: info.sent,
            delivered: info.delivered,
            most_waiting: info.high_water,
            asked: info.requests.asked,
            answered: info.requests.answered,
            expired: info.requests.expired,
            readers: info.readers.iter().map(ReaderAccount::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(accepted: u64, taken: u64, [skipped, dead]: [u64; 2], left: u64) -> ChannelAccount {
        let readers = vec![ReaderAccount { name: "all".into(), accepted, taken, skipped, dead, left }];
        ChannelAccount {
            name: "gpu".into(),
            kind: "channel".into(),
            capacity: 1,
            sent: accepted,
            delivered: taken,
            most_waiting: 1,
            asked: 0,
            answered: 0,
            expired: 0,
            readers,
        }
    }

    #[test]
    fn only_balanced_accounts_pass() {
        assert_eq!(account(6, 3, [1, 1], 1).imbalance(), None);
        let imbalance = account(6, 3, [1, 1], 0).imbalance();
        assert_eq!(
            imbalance.as_deref(),
            Some("channel gpu, reader all: accepted 6 is not taken 3 + skipped 1 + dead 1 + left 0")
        );
        assert!(account(1, u64::MAX, [2, 0], 0).imbalance().is_some(), "sums that overflow do not balance");
    }
}
