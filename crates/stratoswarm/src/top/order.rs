use std::cmp::{Ordering, Reverse};

use super::row::Row;

/// In which order channels are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// What is in trouble, then what is full.
    #[default]
    Trouble,
    Name,
    Depth,
    Rate,
    Lag,
    Blocked,
}

impl Order {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Trouble => Self::Name,
            Self::Name => Self::Depth,
            Self::Depth => Self::Rate,
            Self::Rate => Self::Lag,
            Self::Lag => Self::Blocked,
            Self::Blocked => Self::Trouble,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Name => "name",
            Self::Depth => "depth",
            Self::Rate => "rate",
            Self::Lag => "lag",
            Self::Blocked => "blocked",
        }
    }

    /// What comes first; channels that are alike, by their names.
    pub(super) fn compare(self, one: &Row, other: &Row) -> Ordering {
        let most = |of: fn(&Row) -> f64| of(other).total_cmp(&of(one));
        let unlike = match self {
            Self::Trouble => {
                let blocked = Reverse(one.blocked).cmp(&Reverse(other.blocked));
                Reverse(one.trouble).cmp(&Reverse(other.trouble)).then(most(|row| row.fullness)).then(blocked)
            }
            Self::Name => Ordering::Equal,
            Self::Depth => Reverse(one.len).cmp(&Reverse(other.len)),
            Self::Rate => most(|row| row.sent_per_s.unwrap_or(-1.0)),
            Self::Lag => most(|row| row.lag_s.unwrap_or(-1.0)),
            Self::Blocked => Reverse(one.blocked)
                .cmp(&Reverse(other.blocked))
                .then(Reverse(one.oldest).cmp(&Reverse(other.oldest))),
        };
        unlike.then_with(|| one.name.cmp(&other.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::top::{fixture::picture, picture::Picture};

    fn names(order: Order, picture: &Picture) -> Vec<&str> {
        let mut rows: Vec<_> = picture.rows.iter().collect();
        rows.sort_by(|one, other| order.compare(one, other));
        rows.into_iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn each_order_puts_first_what_it_is_named_after() {
        let channel = |name: &str, len: u64, blocked: u64| json!({"name": name, "capacity": 100, "len": len, "blocked_senders": blocked});
        let figures =
            |name: &str, rate: Value, lag: Value| json!({"channel": name, "sent_per_s": rate, "lag_s": lag});
        let served = json!({"format": 1,
            "snapshot": {"channels": [channel("d", 5, 0), channel("b", 90, 0), channel("stuck", 0, 0), channel("slow", 1, 0),
                channel("waits", 100, 2), channel("c", 5, 0)]},
            "figures": [figures("d", json!(3.0), json!(null)), figures("b", json!(null), json!(1.0)), figures("stuck", json!(9.0), json!(0.0)),
                figures("slow", json!(0.0), json!(7.0)), figures("waits", json!(1.0), json!(0.5)), figures("c", json!(3.0), json!(null))],
            "verdicts": [{"kind": "Slow", "channels": ["slow"]}, {"kind": "NoReader", "channels": ["stuck"]}]});
        let picture = picture(&served);
        let first = Order::default();
        assert_eq!(names(first, &picture), ["stuck", "slow", "waits", "b", "c", "d"]);
        let mut told = Vec::new();
        let mut order = first.next();
        while order != first {
            told.push((order.name(), names(order, &picture)));
            order = order.next();
        }
        assert_eq!(
            told,
            [
                ("name", vec!["b", "c", "d", "slow", "stuck", "waits"]),
                ("depth", vec!["waits", "b", "c", "d", "slow", "stuck"]),
                ("rate", vec!["stuck", "c", "d", "waits", "slow", "b"]),
                ("lag", vec!["slow", "b", "waits", "stuck", "c", "d"]),
                ("blocked", vec!["waits", "b", "c", "d", "slow", "stuck"]),
            ]
        );
    }
}
