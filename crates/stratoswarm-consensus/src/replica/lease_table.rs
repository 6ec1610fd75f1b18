use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LeaseAnswer, LeaseCommand};

/// Who holds what until when, in the log's time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LeaseTable {
    held: BTreeMap<String, Held>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Held {
    #[serde(rename = "t")]
    token: u64,
    #[serde(rename = "u")]
    until: u64,
}

impl LeaseTable {
    /// Judges a command that was stored at this index and time. The index of a grant is its token: it grows.
    pub(super) fn apply(&mut self, index: u64, now: u64, command: LeaseCommand) -> LeaseAnswer {
        match command {
            LeaseCommand::Acquire(name, life) => {
                if let Some(held) = self.held.get(&name).filter(|held| now <= held.until) {
                    return LeaseAnswer::Taken { token: held.token, until: held.until, now };
                }
                let until = now.saturating_add(life);
                // What has ended is forgotten here, so that names which nobody acquires again take no memory for ever.
                self.held.retain(|_, held| now <= held.until);
                self.held.insert(name, Held { token: index, until });
                LeaseAnswer::Granted { token: index, until, now }
            }
            LeaseCommand::Renew(name, token, life) => match self.held.get_mut(&name) {
                Some(held) if held.token == token && now <= held.until => {
                    held.until = now.saturating_add(life);
                    LeaseAnswer::Granted { token, until: held.until, now }
                }
                _ => LeaseAnswer::Gone { now },
            },
            LeaseCommand::Release(name, token) => {
                if self.held.get(&name).is_some_and(|held| held.token == token && now <= held.until) {
                    self.held.remove(&name);
                    LeaseAnswer::Released { now }
                } else {
                    LeaseAnswer::Gone { now }
                }
            }
        }
    }

    /// The token with which it is held at this time.
    pub(super) fn token(&self, name: &str, now: u64) -> Option<u64> {
        self.held.get(name).filter(|held| now <= held.until).map(|held| held.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire() -> LeaseCommand {
        LeaseCommand::Acquire("gpu".into(), 10)
    }

    #[test]
    fn one_holds_it_until_its_time_is_over() {
        let mut table = LeaseTable::default();
        assert_eq!(table.apply(5, 100, acquire()), LeaseAnswer::Granted { token: 5, until: 110, now: 100 });
        assert_eq!(table.apply(6, 110, acquire()), LeaseAnswer::Taken { token: 5, until: 110, now: 110 });
        assert_eq!(table.apply(7, 111, acquire()), LeaseAnswer::Granted { token: 7, until: 121, now: 111 });
        let late = LeaseCommand::Renew("gpu".into(), 5, 10);
        assert_eq!(table.apply(8, 112, late), LeaseAnswer::Gone { now: 112 });
        let renewed = LeaseCommand::Renew("gpu".into(), 7, 10);
        assert_eq!(table.apply(9, 113, renewed), LeaseAnswer::Granted { token: 7, until: 123, now: 113 });
        let wrong = LeaseCommand::Release("gpu".into(), 5);
        assert_eq!(table.apply(10, 114, wrong), LeaseAnswer::Gone { now: 114 });
        assert_eq!(table.token("gpu", 114), Some(7));
        let right = LeaseCommand::Release("gpu".into(), 7);
        assert_eq!(table.apply(11, 115, right), LeaseAnswer::Released { now: 115 });
        assert_eq!(table.token("gpu", 115), None);
    }

    #[test]
    fn what_ended_takes_no_memory() {
        let mut table = LeaseTable::default();
        for index in 0..100 {
            table.apply(index, index * 20, LeaseCommand::Acquire(index.to_string(), 10));
        }
        assert_eq!(table.held.len(), 1);
    }
}
