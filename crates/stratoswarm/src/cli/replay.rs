//! `stratoswarm replay`.

use std::{
    fmt::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;
use stratoswarm_core::ChannelRegistry;
use stratoswarm_record::{Pace, Recorded, Replay, ReplayError, ReplayReport, Replies};

use super::{
    Failure, ReplayOptions, ReplayPace, quit,
    recording::{check, one_line, open, tell_damage, times, unprinted, unread},
    signals,
};
use crate::{
    report::{Count, print},
    swarm::{Answering, ChannelAccount},
};

/// How long the components may take for what was sent.
const DRAIN: Duration = Duration::from_secs(10);

/// Replays a recording into new components.
pub(super) fn replay(options: &ReplayOptions) -> Result<ExitCode, Failure> {
    let (from, to) = times(&options.part)?;
    let recorded = open(&options.files)?;
    let channels = channels(&recorded, &options.part.channel)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the runtime cannot start: {error}")))?;
    let registry = ChannelRegistry::new();
    let mut replay =
        Replay::of(&recorded).from(from).to(to).ignore(&options.ignore).pace(match options.pace {
            ReplayPace::Times(times) => Pace::Times(times),
            ReplayPace::Max => Pace::Max,
        });
    for channel in &channels {
        replay = match *channel {
            "gpu" => replay.channel(registry.gpu()),
            "scheduler" => replay.channel(registry.scheduler()),
            "governor" => replay.channel(registry.governor()),
            "cost" => replay.channel(registry.cost()),
            "efficiency" => replay.channel(registry.efficiency()),
            _ => replay.channel(registry.knowledge()),
        };
    }
    if options.compare {
        replay = replay.requests(Replies::Compare);
    }
    let of = |name: &&str| recorded.channel(name).map_or(0, |channel| channel.messages);
    let count = Count::on_terminal(channels.iter().map(of).sum());
    let (counted, mut read) = (count.clone(), 0);
    let replay = replay.filter(move |_| {
        read += 1;
        counted.set(read);
        true
    });
    let replaying = replay.start().map_err(refused)?;
    quit::explain(registry.fabric());
    let begin = Instant::now();
    let (replayed, accounts) = runtime.block_on(async {
        let answering = Answering::start(&registry);
        let replayed = tokio::select! {
            replayed = replaying.run() => Some(replayed),
            () = signals::first() => None,
        };
        let report = registry.shutdown(DRAIN).await;
        let accounts: Vec<_> = report.channels.iter().map(|it| ChannelAccount::from(&it.info)).collect();
        let ended = answering.end(&report).await;
        (replayed.map(|replayed| replayed.map(|report| (report, ended))), accounts)
    });
    runtime.shutdown_background();
    count.finish();
    let accounts: Vec<_> = accounts.into_iter().filter(|it| channels.contains(&it.name.as_str())).collect();
    let replayed = replayed.transpose().map_err(unread)?;
    let report = replayed.as_ref().map(|(report, _)| report);
    let took = begin.elapsed().as_secs_f64();
    let text = if options.json {
        json_of(report, took, &accounts)
    } else {
        text_of(report, took, &accounts, options.pace != ReplayPace::Max)
    };
    print(text).map_err(unprinted)?;
    tell_damage(&recorded);
    match replayed {
        Some((_, Err(why))) => Err(Failure::Failed(why)),
        Some((report, _)) if report.differing_replies > 0 => Ok(ExitCode::from(4)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The channels that are replayed: those that are asked for, or all that can be.
fn channels(recorded: &Recorded, asked_for: &[String]) -> Result<Vec<&'static str>, Failure> {
    let known = Answering::CHANNELS.join(", ");
    check(recorded, asked_for)?;
    if let Some(other) = asked_for.iter().find(|name| !Answering::CHANNELS.contains(&name.as_str())) {
        let why = format!("channel {other:?} is not replayed, see --help; accepted: {known}");
        return Err(Failure::Refused(one_line(&why)));
    }
    let is_asked_for = |name: &&&str| asked_for.is_empty() || asked_for.iter().any(|it| it == **name);
    let there = |name: &&&str| recorded.channel(name).is_some();
    let channels: Vec<_> = Answering::CHANNELS.iter().filter(is_asked_for).filter(there).copied().collect();
    if channels.is_empty() {
        let why = format!("none of its channels can be replayed; accepted: a recording of one of {known}");
        return Err(Failure::Refused(why));
    }
    Ok(channels)
}

/// What a replay did not begin for.
fn refused(error: ReplayError) -> Failure {
    match error {
        ReplayError::Read(error) => unread(error),
        error @ ReplayError::NoReplies { .. } => Failure::Refused(one_line(&format!("--compare: {error}"))),
        other => Failure::Refused(one_line(&format!("{other}; accepted: a recording of `run --record`"))),
    }
}

fn json_of(report: Option<&ReplayReport>, took: f64, accounts: &[ChannelAccount]) -> String {
    let channels = accounts.iter().map(|it| {
        json!({
            "name": it.name, "sent": it.sent, "asked": it.asked, "answered": it.answered, "expired": it.expired,
        })
    });
    let differences = report.into_iter().flat_map(|report| &report.differences).map(|it| {
        json!({
            "channel": it.channel, "number": it.number, "path": it.path, "recorded": it.recorded, "now": it.now,
        })
    });
    json!({
        "interrupted": report.is_none(),
        "sent": accounts.iter().map(|it| it.sent).sum::<u64>(),
        "elapsed_s": took,
        "latest_by_s": report.map(|it| it.latest_by.as_secs_f64()),
        "compared_replies": report.map(|it| it.compared_replies),
        "differing_replies": report.map(|it| it.differing_replies),
        "differences": differences.collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
    })
    .to_string()
}

fn text_of(report: Option<&ReplayReport>, took: f64, accounts: &[ChannelAccount], is_paced: bool) -> String {
    let sent: u64 = accounts.iter().map(|it| it.sent).sum();
    let mut text = format!("{sent} messages sent in {took:.2} s");
    // Writing to a String cannot fail.
    let _ = match report {
        Some(report) if is_paced => {
            write!(text, ", the latest {:.3} s behind its time", report.latest_by.as_secs_f64())
        }
        Some(_) => Ok(()),
        None => write!(text, ", then interrupted"),
    };
    let _ = write!(
        text,
        "\n\n{:12}  {:>8}  {:>8}  {:>8}  {:>8}",
        "channel", "sent", "asked", "answered", "expired"
    );
    for it in accounts {
        let ChannelAccount { name, sent, asked, answered, expired, .. } = it;
        let _ = write!(text, "\n{name:12}  {sent:>8}  {asked:>8}  {answered:>8}  {expired:>8}");
    }
    if let Some(report) = report.filter(|report| report.compared_replies > 0) {
        let (of, differ) = (report.compared_replies, report.differing_replies);
        let _ = write!(text, "\n\nof {of} replies that were compared {differ} differ");
        for it in report.differences.iter().take(10) {
            let _ = write!(text, "\n  {}", one_line(&it.to_string()));
        }
        if differ > 10 {
            let _ = write!(text, "\n  and others; --json has the first 100");
        }
    }
    text
}
