//! What the figures do not show: whether a contender is correct under cancellation, lets others run, and is fair.

mod cancellation;
mod coop;
mod fairness;
mod isolation;

use std::fmt;

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    measure::Case,
    payload::Msg,
    rivals::{
        AsyncBroadcast, AsyncBroadcastOverflow, AsyncChannel, CrossfireMany, Flow, Flume, Kameo, Kanal,
        KanalOneshot, Lossy, Ours, OursGated, OursLossy, OursRequests, Ractor, Requests, Steps, Tachyonix,
        Thingbuf, Tokio, TokioBroadcast, TokioRequests,
    },
    versions,
};

/// One contender in one role.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Verdict {
    /// The contender, as in the rows.
    pub(crate) rival: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// Queue, multicast, lossy or request.
    pub(crate) role: &'static str,
    /// Loses, doubles and invents nothing under cancellation.
    pub(crate) correct: Finding,
    /// A task that only sends and receives lets its siblings run.
    pub(crate) coop: Finding,
    /// A freed place goes to the longest waiting sender.
    pub(crate) fair: Finding,
    /// Accepts exactly as many as it was opened for.
    pub(crate) exact: Finding,
}

/// The outcome of one check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// `None`: the question does not arise.
    pub(crate) holds: Option<bool>,
    /// What was seen.
    pub(crate) seen: String,
}

impl Finding {
    fn new(holds: bool, seen: impl Into<String>) -> Self {
        Self { holds: Some(holds), seen: seen.into() }
    }

    fn none() -> Self {
        Self { holds: None, seen: String::new() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.holds {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "-",
        })
    }
}

/// One contender in one role, and its four checks.
struct Candidate {
    role: &'static str,
    rival: &'static str,
    package: &'static str,
    correct: Check,
    coop: Check,
    fair: Option<Check>,
    exact: Option<Check>,
}

type Check = fn() -> anyhow::Result<Finding>;

fn candidates() -> [Candidate; 18] {
    [
        channel::<Ours>("queue"),
        channel::<Tokio>("queue"),
        channel::<AsyncChannel>("queue"),
        channel::<Flume>("queue"),
        channel::<Kanal>("queue"),
        channel::<CrossfireMany>("queue"),
        channel::<Tachyonix>("queue"),
        channel::<Thingbuf>("queue"),
        channel::<OursGated>("multicast"),
        channel::<AsyncBroadcast>("multicast"),
        lossy::<OursLossy>(),
        lossy::<TokioBroadcast>(),
        lossy::<AsyncBroadcastOverflow>(),
        requests::<OursRequests>(),
        requests::<TokioRequests>(),
        requests::<KanalOneshot>(),
        requests::<Ractor>(),
        requests::<Kameo>(),
    ]
}

/// Checks every contender that takes part in these cases, each check in a process of its own. What is dropped half way
/// hits a flaw by chance: that check runs as often as `runs` says, and one failure decides.
///
/// # Errors
/// No such process.
pub(crate) fn all(cases: &[Case], runs: usize) -> anyhow::Result<Vec<Verdict>> {
    let takes_part = |candidate: &Candidate, case: &Case| {
        role_of(&case.name) == candidate.role
            && [&case.ours].into_iter().chain(&case.rivals).any(|contender| contender.name == candidate.rival)
    };
    let wanted = |candidate: &Candidate| cases.iter().any(|case| takes_part(candidate, case));
    candidates().into_iter().filter(wanted).map(|candidate| candidate.verdict(runs)).collect()
}

/// Runs one check, `ROLE/RIVAL/PROPERTY`, in this process.
///
/// # Errors
/// There is none of that name, or it cannot be run.
pub(crate) fn check(name: &str) -> anyhow::Result<Finding> {
    for candidate in candidates() {
        for (property, check) in candidate.checks() {
            if let Some(check) = check
                && candidate.name_of(property) == name
            {
                return check();
            }
        }
    }
    bail!("no check of the name {name}")
}

impl Candidate {
    fn checks(&self) -> [(&'static str, Option<Check>); 4] {
        [
            ("correct", Some(self.correct)),
            ("coop", Some(self.coop)),
            ("fair", self.fair),
            ("exact", self.exact),
        ]
    }

    fn name_of(&self, property: &str) -> String {
        format!("{}/{}/{property}", self.role, self.rival)
    }

    fn verdict(&self, runs: usize) -> anyhow::Result<Verdict> {
        let [correct, coop, fair, exact] = self.checks().map(|(property, check)| match check {
            Some(_) => {
                let name = self.name_of(property);
                let again = if property == "correct" { runs } else { 1 };
                let mut finding = isolation::run(&name);
                for _ in 1..again {
                    if !finding.as_ref().is_ok_and(|finding| finding.holds == Some(true)) {
                        break;
                    }
                    finding = isolation::run(&name);
                }
                finding
            }
            None => Ok(Finding::none()),
        });
        Ok(Verdict {
            rival: self.rival,
            version: versions::of(self.package),
            role: self.role,
            correct: correct?,
            coop: coop?,
            fair: fair?,
            exact: exact?,
        })
    }
}

/// Whether every check of ours holds.
///
/// # Errors
/// One does not.
pub(crate) fn hold(verdicts: &[Verdict]) -> anyhow::Result<()> {
    for v in verdicts.iter().filter(|v| v.rival == <Ours as Flow<Msg>>::NAME) {
        for (check, finding) in
            [("correct", &v.correct), ("coop", &v.coop), ("fair", &v.fair), ("exact", &v.exact)]
        {
            ensure!(finding.holds != Some(false), "ours as {} is not {check}: {}", v.role, finding.seen);
        }
    }
    Ok(())
}

/// The verdict on a contender in the role a case tests it in; none on one that is not checked there itself.
pub(crate) fn find<'a>(verdicts: &'a [Verdict], case: &str, rival: &str) -> Option<&'a Verdict> {
    let role = role_of(case);
    verdicts.iter().find(|verdict| verdict.rival == rival && verdict.role == role)
}

/// What a case uses its contenders for.
fn role_of(case: &str) -> &'static str {
    match case.split('/').next() {
        Some("gated" | "bytes") => "multicast",
        Some("lossy") => "lossy",
        Some("request") => "request",
        _ => "queue",
    }
}

fn channel<S: Steps>(role: &'static str) -> Candidate {
    Candidate {
        role,
        rival: S::NAME,
        package: S::PACKAGE,
        correct: cancellation::channel::<S>,
        coop: coop::channel::<S>,
        fair: Some(fairness::barging::<S>),
        exact: Some(fairness::capacity::<S>),
    }
}

fn lossy<L: Lossy>() -> Candidate {
    Candidate {
        role: "lossy",
        rival: L::NAME,
        package: L::PACKAGE,
        correct: cancellation::lossy::<L>,
        coop: coop::lossy::<L>,
        fair: None,
        exact: None,
    }
}

fn requests<R: Requests>() -> Candidate {
    Candidate {
        role: "request",
        rival: R::NAME,
        package: R::PACKAGE,
        correct: cancellation::requests::<R>,
        coop: coop::requests::<R>,
        fair: None,
        exact: None,
    }
}
