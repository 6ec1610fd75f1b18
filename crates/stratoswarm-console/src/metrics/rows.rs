use stratoswarm_core::{ChannelInfo, LaneInfo, ReaderInfo, WaitKind, WaitState};

use crate::trends::ReaderTrend;

/// What one channel has, or all together that have no names of their own. The counters stand last.
#[derive(Debug, Default, Clone)]
pub(super) struct ChannelRow {
    pub(super) len: u64,
    pub(super) capacity: u64,
    pub(super) blocked: u64,
    pub(super) blocked_s: f64,
    pub(super) granted: u64,
    pub(super) unserved: u64,
    pub(super) bytes: u64,
    /// Sent, delivered, asked, answered, expired, abandoned, unanswered; expired unserved, sending, queued, handling.
    pub(super) counts: [u64; 11],
}

#[derive(Debug, Default, Clone)]
pub(super) struct LaneRow {
    pub(super) len: u64,
    pub(super) capacity: u64,
    pub(super) blocked: u64,
    /// Sent.
    pub(super) counts: [u64; 1],
}

#[derive(Debug, Default, Clone)]
pub(super) struct ReaderRow {
    pub(super) readers: u64,
    pub(super) members: u64,
    pub(super) left: u64,
    pub(super) in_flight: u64,
    pub(super) lag_s: f64,
    /// Taken, dead, redelivered; skipped as expired, abandoned, panicked, missed, conflated.
    pub(super) counts: [u64; 8],
}

impl ChannelRow {
    pub(super) fn of(info: &ChannelInfo) -> Self {
        let for_room = |kind| !matches!(kind, WaitKind::Receive | WaitKind::Closed | WaitKind::ReadersGone);
        let waits = info.waits.iter().filter(|wait| wait.state == WaitState::Waiting && for_room(wait.kind));
        let longest = waits.map(|wait| wait.waited).max().unwrap_or_default();
        let requests = info.requests;
        Self {
            len: info.len as u64,
            capacity: info.capacity as u64,
            blocked: info.blocked_senders as u64,
            blocked_s: longest.as_secs_f64(),
            granted: info.granted as u64,
            unserved: info.unserved as u64,
            bytes: info.bytes as u64,
            counts: [
                info.sent,
                info.delivered,
                requests.asked,
                requests.answered,
                requests.expired,
                requests.abandoned,
                requests.unanswered,
                requests.expired_at.unserved,
                requests.expired_at.sending,
                requests.expired_at.queued,
                requests.expired_at.handling,
            ],
        }
    }

    /// Adds another's, but for the counters.
    pub(super) fn add(&mut self, other: &Self) {
        self.len += other.len;
        self.capacity = self.capacity.saturating_add(other.capacity);
        self.blocked += other.blocked;
        self.blocked_s = self.blocked_s.max(other.blocked_s);
        self.granted += other.granted;
        self.unserved += other.unserved;
        self.bytes += other.bytes;
    }
}

impl LaneRow {
    pub(super) fn of(info: &LaneInfo) -> Self {
        Self {
            len: info.len as u64,
            capacity: info.capacity as u64,
            blocked: info.blocked_senders as u64,
            counts: [info.sent],
        }
    }

    /// Adds another's, but for the counters.
    pub(super) fn add(&mut self, other: &Self) {
        self.len += other.len;
        self.capacity = self.capacity.saturating_add(other.capacity);
        self.blocked += other.blocked;
    }
}

impl ReaderRow {
    pub(super) fn of(info: &ReaderInfo, trend: Option<&ReaderTrend>) -> Self {
        let skipped = info.skipped;
        Self {
            readers: 1,
            members: info.members as u64,
            left: info.left,
            in_flight: info.in_flight,
            lag_s: trend.and_then(|trend| trend.lag_s).unwrap_or(0.0),
            counts: [
                info.taken,
                info.dead,
                info.redelivered,
                skipped.expired,
                skipped.abandoned,
                skipped.panicked,
                skipped.missed,
                skipped.conflated,
            ],
        }
    }

    /// Adds another's, but for the counters.
    pub(super) fn add(&mut self, other: &Self) {
        self.readers += other.readers;
        self.members += other.members;
        self.left += other.left;
        self.in_flight += other.in_flight;
        self.lag_s = self.lag_s.max(other.lag_s);
    }
}
