//! The goals, and by how much each is reached or missed.

use serde::Serialize;

use super::before;
use crate::{
    measure::Row,
    properties::{Verdict, find},
    runtime::Flavor::{self, CurrentThread, MultiThread},
};

/// A ratio to reach in every case it names.
struct Goal {
    text: &'static str,
    /// Beginnings of the cases' names.
    cases: &'static [&'static str],
    runtimes: &'static [Flavor],
    against: Against,
    ratio: f64,
    /// Why it is missed, where it is: what the time goes to, and what was tried.
    reason: &'static str,
}

enum Against {
    Rival(&'static str),
    FastestCorrect,
}
use Against::{FastestCorrect, Rival};

const CT: &[Flavor] = &[CurrentThread];
const MT: &[Flavor] = &[MultiThread];
const BOTH: &[Flavor] = &[CurrentThread, MultiThread];
const TO_ONE: &[&str] = &["queue/1x1/", "queue/4x1/"];
const TO_ONE_LARGE: &[&str] = &["queue/1x1/1000", "queue/4x1/1000"];
const TO_FOUR: &[&str] = &["queue/4x4/"];
const BATCH: &[&str] = &["batch/"];

const LOCKED: &str = "a message takes two locks, the log's and the inbox's, and tokio's coop budget twice, which no faster \
    rival spends. Tried: spinning before the lock, a batch without a lock (loses what was fetched to a second member)";
const CONTENDED: &str = "senders and readers on two workers meet at one lock, which grants places in order; the worst case \
    differs from run to run by a third. Tried: spinning before the lock, more than one yield, batches moved in 64s, buffers \
    that rotate between intake and inbox";
const SMALL: &str = "at capacity 100 every hundred messages pay for a wait, a grant, two short batches and two task \
    switches. Tried: folding and appending as blocks, all free places at once, no drop of empty effects";
const CLONED: &str = "of a delivery, the coop budget and the inbox's lock are more than half. Tried: one reader that clones \
    for all (slower the more there are), larger batches";
const BOUNDED: &str = "each take compares with what is overtaken, and what readers have fetched is held to four clones of a \
    message. Tried: batches that double, one message past the batch (kept)";
const ROUND_TRIP: &str = "a request takes some 25 locked instructions (log, inbox, cell, timers' table, counts, wakers), two \
    task switches and a clock read, tokio's as many. Tried and kept: a lone one past the inbox, phases stored under their \
    lock, the coarse clock at the hand-over; not worth it: a smaller cell, alarms by runtime; a cell without a lock needs \
    unsafe code";

const SAMPLED: &str = "each sample goes the long way in and out, and reads the clock three times; the watch takes each lock ten \
    times a second";
const LANED: &str = "each message is asked for its class, and its number in the order over all lanes is kept";
const LEASED: &str = "an ack locks the inbox once more, and a lease is counted: four atomic operations more";
const KEYED: &str = "each key is hashed, with a seed, and given back under the lock";
const WEIGHED: &str = "each message is charged, and its charge is taken out again beside it";
const MUXED: &str = "measured, and not yet looked into";

const GOALS: &[Goal] = &[
    goal("queue one by one", TO_ONE, CT, Rival("tokio"), 2.0, LOCKED),
    goal("queue one by one", TO_ONE, CT, FastestCorrect, 1.0, LOCKED),
    goal("queue one by one", TO_ONE, MT, Rival("tokio"), 2.0, CONTENDED),
    goal("queue one by one, capacity 1,000 and more", TO_ONE_LARGE, MT, Rival("crossfire"), 1.0, CONTENDED),
    goal("batches", BATCH, BOTH, Rival("tokio"), 6.0, SMALL),
    goal("batches", BATCH, BOTH, Rival("tokio-batch"), 2.5, SMALL),
    goal("4 to 4", TO_FOUR, BOTH, Rival("async-channel"), 2.0, CONTENDED),
    goal("gated multicast to 1", &["gated/1/"], CT, Rival("async-broadcast"), 3.4, CLONED),
    goal("gated multicast to 3", &["gated/3/"], CT, Rival("async-broadcast"), 2.5, CLONED),
    goal("gated multicast to 8", &["gated/8/"], CT, Rival("async-broadcast"), 2.2, CLONED),
    goal("gated multicast", &["gated/"], MT, Rival("async-broadcast"), 4.0, CONTENDED),
    goal("lossy to 1", &["lossy/1/1024"], CT, Rival("tokio"), 2.5, BOUNDED),
    goal("lossy to 3", &["lossy/3/1024"], CT, Rival("tokio"), 2.8, BOUNDED),
    goal("lossy to 8", &["lossy/8/1024"], CT, Rival("tokio"), 3.0, BOUNDED),
    goal("lossy", &["lossy/1/1024", "lossy/3/1024", "lossy/8/1024"], MT, Rival("tokio"), 2.0, BOUNDED),
    goal("request with deadline, one caller", &["request/1"], CT, Rival("tokio"), 1.6, ROUND_TRIP),
    goal("request with deadline, 64 callers", &["request/64"], CT, Rival("tokio"), 1.8, ROUND_TRIP),
    goal("request with deadline, one caller", &["request/1"], MT, Rival("tokio"), 2.5, ROUND_TRIP),
    goal("request with deadline, 64 callers", &["request/64"], MT, Rival("tokio"), 1.6, ROUND_TRIP),
    goal("watched and sampled", &["sampled/"], BOTH, Rival("plain"), 0.95, SAMPLED),
    goal("three lanes", &["lanes/"], BOTH, Rival("plain"), 0.95, LANED),
    goal("an acknowledged group, against one that forgets", &["acked/"], CT, Rival("tokio"), 0.9, LEASED),
    goal("one of a key at a time, 64 keys", &["ordered/"], BOTH, Rival("plain"), 0.6, KEYED),
    goal("bytes bounded", &["weight/"], BOTH, Rival("plain"), 0.6, WEIGHED),
    goal("a mux of 2", &["mux/2"], BOTH, Rival("plain"), 0.8, MUXED),
    goal("a mux of 64 idle ones and a busy one", &["mux/64-idle"], BOTH, Rival("mux-of-2"), 0.9, MUXED),
];

const fn goal(
    text: &'static str,
    cases: &'static [&'static str],
    runtimes: &'static [Flavor],
    against: Against,
    ratio: f64,
    reason: &'static str,
) -> Goal {
    Goal { text, cases, runtimes, against, ratio, reason }
}

/// One goal and what came of it.
#[derive(Serialize)]
pub(super) struct Judged {
    /// The goal in words.
    pub(super) goal: String,
    /// Reached, missed or not measured.
    pub(super) outcome: String,
    /// The figures.
    pub(super) figures: String,
    /// Of a missed goal: the reason, as far as it is known.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) reason: &'static str,
}

/// Every goal of the project, in its order.
pub(super) fn judge(rows: &[Row], verdicts: &[Verdict]) -> Vec<Judged> {
    let mut judged: Vec<Judged> = GOALS.iter().map(|goal| goal.judge(rows, verdicts)).collect();
    judged.push(payloads(rows));
    judged.push(accounts(rows));
    judged.push(idle(rows));
    judged.push(burst(rows));
    judged.extend(before::judge(rows));
    judged
}

impl Goal {
    fn judge(&self, rows: &[Row], verdicts: &[Verdict]) -> Judged {
        let against = match self.against {
            Rival(rival) => rival,
            FastestCorrect => "the fastest correct rival whose handles can be cloned",
        };
        let runtimes: Vec<String> = self.runtimes.iter().map(ToString::to_string).collect();
        let goal = format!("{}, {}: {}x {against}", self.text, runtimes.join(" and "), self.ratio);

        let found = self.figures(rows, verdicts);
        let Some(worst) = found.iter().min_by(|a, b| a.ratio.total_cmp(&b.ratio)) else {
            return Judged { goal, outcome: "not measured".to_owned(), figures: String::new(), reason: "" };
        };
        let figures: Vec<String> = found
            .iter()
            .map(|row| match self.against {
                Rival(rival) => {
                    let direct = self.rows_of(rows, &format!("{rival}-direct"));
                    let direct =
                        direct.iter().find(|other| other.case == row.case && other.runtime == row.runtime);
                    let direct =
                        direct.map_or_else(String::new, |it| format!(" (its direct call {:.2})", it.ratio));
                    format!("{} {}: {:.2}{direct}", row.case, short(row.runtime), row.ratio)
                }
                FastestCorrect => format!("{}: {:.2} ({})", row.case, row.ratio, row.rival),
            })
            .collect();
        let reason = if worst.ratio < self.ratio { self.reason } else { "" };
        Judged { goal, outcome: outcome(worst.ratio / self.ratio), figures: figures.join(", "), reason }
    }

    fn rows_of<'a>(&self, rows: &'a [Row], rival: &str) -> Vec<&'a Row> {
        rows.iter().filter(|row| self.concerns(row) && row.rival == rival).collect()
    }

    fn concerns(&self, row: &Row) -> bool {
        self.runtimes.contains(&row.runtime) && self.cases.iter().any(|case| row.case.starts_with(case))
    }

    fn figures<'a>(&self, rows: &'a [Row], verdicts: &[Verdict]) -> Vec<&'a Row> {
        match self.against {
            Rival(rival) => self.rows_of(rows, rival),
            FastestCorrect => {
                let mut fastest: Vec<&Row> = Vec::new();
                // A row with a note is of something else than the same service.
                let correct = |row: &&Row| {
                    row.note.is_none()
                        && find(verdicts, &row.case, row.rival).is_some_and(|v| v.correct.holds == Some(true))
                };
                for row in rows.iter().filter(|row| self.concerns(row)).filter(correct) {
                    match fastest.iter_mut().find(|f| f.case == row.case && f.runtime == row.runtime) {
                        Some(best) if row.ratio < best.ratio => *best = row,
                        Some(_) => {}
                        None => fastest.push(row),
                    }
                }
                fastest
            }
        }
    }
}

pub(super) fn short(flavor: Flavor) -> &'static str {
    match flavor {
        CurrentThread => "ct",
        MultiThread => "mt",
    }
}

/// By how much, from the share of the goal that the worst case reaches.
pub(super) fn outcome(share: f64) -> String {
    let percent = 100.0 * (share - 1.0);
    if share >= 1.0 {
        format!("**reached**, by {percent:.0} %")
    } else {
        format!("missed, by {:.0} %", -percent)
    }
}

/// A run in which a payload is copied, or arrives elsewhere, fails the bench. Here the rest is judged: less than the
/// smallest allocation for each message.
fn payloads(rows: &[Row]) -> Judged {
    const SMALLEST: f64 = 16.0;
    let mut figures = Vec::new();
    let mut most: Option<f64> = None;
    for row in rows.iter().filter(|row| row.case.starts_with("bytes/")) {
        if let (Some(ours), Some(rival)) = (row.ours_bytes, row.rival_bytes) {
            most = Some(most.map_or(ours, |most| most.max(ours)));
            if figures.is_empty() {
                figures.push(format!("allocated per message: {ours:.0} bytes"));
            }
            figures.push(format!("{} {rival:.0}", row.rival));
        }
    }
    let outcome = most.map_or("not measured", |most| if most < SMALLEST { "**reached**" } else { "missed" });
    Judged {
        goal: "1 MiB `Bytes` to 8 subscribers: same address, no allocation beyond the first".to_owned(),
        outcome: outcome.to_owned(),
        figures: figures.join(", "),
        reason: "",
    }
}

/// Accounts are derived from positions and cannot be switched off; what can be told apart is whether they are read.
fn accounts(rows: &[Row]) -> Judged {
    let found: Vec<&Row> =
        rows.iter().filter(|row| row.case.starts_with("accounts/") && row.runtime == CurrentThread).collect();
    let worst = found.iter().map(|row| row.ratio).min_by(f64::total_cmp);
    let outcome = worst.map_or("not measured", |worst| {
        if worst >= 1.0 / 1.05 { "**reached** for the accounts" } else { "missed" }
    });
    let mut figures: Vec<String> = found
        .iter()
        .map(|row| {
            format!("{} ct read every ms: {:+.1} %", row.case, 100.0 * (row.ours_ns / row.rival_ns - 1.0))
        })
        .collect();
    figures.push("they cannot be switched off; lanes and other classes have goals of their own".to_owned());
    Judged {
        goal: "metrics, current_thread: at most 5 % over the same case with them off".to_owned(),
        outcome: outcome.to_owned(),
        figures: figures.join("; "),
        reason: "",
    }
}

fn idle(rows: &[Row]) -> Judged {
    let row = rows.iter().find(|row| row.case == "memory/idle" && row.runtime == CurrentThread);
    let bytes = row.and_then(|row| row.ours_bytes.zip(row.rival_bytes));
    let (outcome, figures) = match bytes {
        Some((ours, tokio)) => (outcome(tokio / ours), format!("{ours:.0} bytes, tokio {tokio:.0}")),
        None => ("not measured".to_owned(), String::new()),
    };
    let goal = "an idle channel holds no more than a tokio mpsc, with messages of 64 bytes".to_owned();
    Judged { goal, outcome, figures, reason: "" }
}

fn burst(rows: &[Row]) -> Judged {
    let bytes = |case: &str| {
        let row = rows.iter().find(|row| row.case == case && row.runtime == CurrentThread)?;
        row.ours_bytes.zip(row.rival_bytes)
    };
    let (outcome, figures) = match bytes("memory/idle").zip(bytes("memory/burst")) {
        Some(((idle, tokio_idle), (after, tokio_after))) => (
            if after <= 1.1 * idle { "**reached**" } else { "missed" }.to_owned(),
            format!(
                "{after:.0} bytes after the burst, {idle:.0} before any; tokio {tokio_after:.0} and {tokio_idle:.0}"
            ),
        ),
        None => ("not measured".to_owned(), String::new()),
    };
    let reason = if outcome == "missed" {
        "the messages' is; the lists of those who waited for room, were granted it or waited for a message keep room for one \
         each, with task, line and time"
    } else {
        ""
    };
    Judged { goal: "the memory of a burst of 10,000 is given back".to_owned(), outcome, figures, reason }
}

#[cfg(test)]
mod tests {
    use super::outcome;

    #[test]
    fn by_how_much() {
        assert_eq!(outcome(1.1), "**reached**, by 10 %");
        assert_eq!(outcome(0.8), "missed, by 20 %");
    }
}
