//! `stratoswarm recording`, and `run --record`.

use std::{
    collections::BTreeSet,
    fmt::{Display, Write as _},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    slice,
    time::Duration,
};

use serde_json::json;
use stratoswarm_core::{ChannelRegistry, Priority};
use stratoswarm_record::{
    ChannelSummary, Damage, Diff, DiffError, Divergence, Order, ReadError, Recorded, RecordedMessage,
    RecordedSender, Recording, Rewrite, part_paths,
};

use super::recording_followed::follow;
pub(super) use super::replay::replay;
use super::{
    DiffOrder, Failure, RecordingCommand, RecordingOptions, RecordingPart, RewriteOptions, RunOptions,
    failure::shown,
};
use crate::report::{Count, print};

/// Begins to record a run, if that was asked for.
pub(super) fn start(options: &RunOptions, registry: &ChannelRegistry) -> Result<Option<Recording>, Failure> {
    let Some(path) = &options.record else { return Ok(None) };
    if let Some(tour) = options.tour_out.as_ref().filter(|tour| is_part(tour, path, options.rotate.is_some()))
    {
        let why = "--tour-out is a file of --record; accepted: a file of another name";
        return Err(Failure::refused_file(tour, why));
    }
    let mut recording =
        Recording::create(path).required().meta("seed", options.seed).meta("agents", options.agents);
    recording = recording.meta("instance", shown(&options.file));
    if let Some(bytes) = options.rotate {
        recording = recording.rotate(bytes);
    }
    if let Some(parts) = options.keep {
        recording = recording.keep(parts);
    }
    let recording = recording
        .channel(registry.scheduler())
        .channel(registry.evolution())
        .channel(registry.gpu())
        .unordered(["evolution"]) // it measures for several agents at once, each in buffers that are free then
        .renamed(["/TransferToDevice/buffer", "/TransferFromDevice/buffer"])
        .renamed(["/LaunchKernel/stream", "/LaunchKernel/buffers/*"])
        .channel(registry.governor())
        .renamed(["/ReleaseAllocation/allocation"]) // made by chance
        .channel(registry.cost())
        .volatile(["/CostUpdate/busy"]) // what is measured
        .channel(registry.efficiency())
        .volatile(["/EfficiencyUpdate/busy", "/EfficiencyUpdate/available"])
        .passed_over(["device"]) // it reports when time has passed
        .channel(registry.knowledge())
        .channel(registry.events())
        .volatile(["/GpuUtilization/utilization", "/MemoryPressure/used_bytes"])
        .passed_over(["efficiency"])
        .start();
    let why = "accepted for --record: a place for a new file";
    recording.map(Some).map_err(|error| Failure::Refused(one_line(&format!("{error}; {why}"))))
}

/// Whether a file has the name of a recording, or may have that of one of its parts.
fn is_part(file: &Path, recording: &Path, rotates: bool) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new(".")).canonicalize().ok()
    };
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(file_name), Some(recording_name)) = (name(file), name(recording)) else { return false };
    let stem = recording.file_stem().unwrap_or_default().to_string_lossy();
    let of_part =
        rotates && file_name.starts_with(&format!("{stem}.")) && file.extension() == recording.extension();
    folder(file) == folder(recording) && (file_name == recording_name || of_part)
}

/// Runs one of the commands on recordings.
pub(super) fn recording(options: &RecordingOptions) -> Result<ExitCode, Failure> {
    match &options.command {
        RecordingCommand::Info { files, verify: true, json } => info(&open(files)?, *json)?,
        RecordingCommand::Info { files, verify: false, json } => {
            info(&opened(files, |paths| Recorded::glance(paths))?, *json)?;
        }
        RecordingCommand::Cat { files, part, sender, json, follow: true } => {
            follow(files, part, sender, *json)?;
        }
        RecordingCommand::Cat { files, part, sender, json, follow: false } => {
            let times = times(part)?;
            let recorded = open(files)?;
            check(&recorded, &part.channel)?;
            check_senders(&recorded, sender)?;
            cat(&recorded, &part.channel, sender, times, *json)?;
            tell_damage(&recorded);
        }
        RecordingCommand::Diff { a, b, order, ignore, rename, json } => {
            let (a, b) = (open(slice::from_ref(a))?, open(slice::from_ref(b))?);
            let is_same = diff(Diff::between(&a, &b).ignore(ignore).rename(rename), *order, *json)?;
            let are_whole = [&a, &b].map(tell_damage) == [true, true];
            return match (is_same, are_whole) {
                (false, _) => Ok(ExitCode::from(4)),
                (true, true) => Ok(ExitCode::SUCCESS),
                (true, false) => Err(Failure::Failed("only what can be read is the same".to_owned())),
            };
        }
        RecordingCommand::Recover(options) => {
            let recorded = open(&options.files)?;
            rewrite(&recorded, Rewrite::of(&recorded), options)?;
        }
        RecordingCommand::Convert(options) => {
            let recorded = open(&options.files)?;
            rewrite(&recorded, Rewrite::of(&recorded).json(), options)?;
        }
        RecordingCommand::Cut { rewrite: options, part, redact } => {
            let (from, to) = times(part)?;
            let recorded = open(&options.files)?;
            check(&recorded, &part.channel)?;
            let of: Vec<_> = redact.iter().filter_map(|path| redacted_channel(path)).collect();
            check(&recorded, &of)?;
            let cut = Rewrite::of(&recorded).from(from).to(to).redact(redact);
            rewrite(&recorded, part.channel.iter().fold(cut, |cut, name| cut.channel(name)), options)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The channel of a path, if it names one.
fn redacted_channel(path: &str) -> Option<String> {
    let (channel, _) = path.split_once(":/")?;
    Some(channel.strip_suffix("/outcomes").unwrap_or(channel).to_owned())
}

/// From when on, and up to when.
pub(super) fn times(part: &RecordingPart) -> Result<(Duration, Duration), Failure> {
    let (from, to) = (part.from.unwrap_or(Duration::ZERO), part.to.unwrap_or(Duration::MAX));
    if from < to {
        return Ok((from, to));
    }
    Err(Failure::Refused(format!("--from {from:?} is not before --to {to:?}; accepted: an earlier one")))
}

/// Tells on standard error what of a recording could not be read; whether there is nothing of it.
pub(super) fn tell_damage(recorded: &Recorded) -> bool {
    tell_of(recorded.damage());
    recorded.damage().is_empty()
}

pub(super) fn tell_of(damage: &[Damage]) {
    let told = damage.iter().take(10).map(|damage| format!("stratoswarm: damaged: {damage}"));
    let more = damage.len().saturating_sub(10);
    let more =
        (more > 0).then(|| format!("stratoswarm: damaged: {more} places more; `recording info` has them"));
    for line in told.chain(more) {
        let _ = writeln!(io::stderr(), "{}", one_line(&line));
    }
}

/// Whether they are the same.
fn diff(diff: Diff<'_>, order: DiffOrder, json: bool) -> Result<bool, Failure> {
    let order = match order {
        DiffOrder::Sender => Order::PerSender,
        DiffOrder::Total => Order::Total,
        DiffOrder::Set => Order::Set,
    };
    let found = diff.order(order).first().map_err(|error| match error {
        DiffError::Path { .. } => Failure::Refused(one_line(&error.to_string())),
        _ => unread(error),
    })?;
    let text = match &found {
        _ if json => {
            json!({ "same": found.is_none(), "divergence": found.as_ref().map(difference) }).to_string()
        }
        Some(found) => without_control(found.to_string().trim_end()),
        None => "no difference".to_owned(),
    };
    print(text).map_err(unprinted)?;
    Ok(found.is_none())
}

fn difference(found: &Divergence) -> serde_json::Value {
    json!({
        "channel": found.channel, "sender": found.sender, "path": found.path,
        "a_number": found.a_number, "b_number": found.b_number, "a": found.a, "b": found.b,
        "before": found.before, "gap_before": found.gap_before,
    })
}

pub(super) fn open(files: &[PathBuf]) -> Result<Recorded, Failure> {
    opened(files, |paths| Recorded::open(paths))
}

/// Opens a recording in one of the ways in which it can be: by its files, or by the name that its parts were made of.
fn opened(
    files: &[PathBuf],
    open: impl Fn(&[PathBuf]) -> Result<Recorded, ReadError>,
) -> Result<Recorded, Failure> {
    let reading = Count::unknown("reading");
    let parts = match files {
        [one] if !one.exists() => of_one_run(part_paths(one)),
        _ => Vec::new(),
    };
    let opened = open(if parts.is_empty() { files } else { &parts });
    reading.finish();
    opened.map_err(|error| not_opened(&error))
}

/// Of files that have the name of one recording those that are of the same run as the last one; tells of the others.
fn of_one_run(parts: Vec<PathBuf>) -> Vec<PathBuf> {
    let run = |part: &PathBuf| Recorded::glance([part]).ok().map(|it| it.run().get("run").cloned());
    let mut runs: Vec<_> = parts.into_iter().map(|part| (run(&part), part)).collect();
    let Some(last) = runs.iter().rev().find_map(|(run, _)| run.clone()) else {
        return runs.into_iter().map(|(_, part)| part).collect();
    };
    runs.retain(|(run, part)| {
        let is_one = run.as_ref() == Some(&last);
        if !is_one {
            let _ = writeln!(
                io::stderr(),
                "stratoswarm: left out: {}: is no part of this recording",
                shown(part)
            );
        }
        is_one
    });
    runs.into_iter().map(|(_, part)| part).collect()
}

pub(super) fn not_opened(error: &ReadError) -> Failure {
    Failure::Refused(one_line(&format!("{error}; accepted: recordings of stratoswarm")))
}

/// Whether the recording has these channels.
pub(super) fn check(recorded: &Recorded, channels: &[String]) -> Result<(), Failure> {
    check_names(recorded.channels(), channels)
}

pub(super) fn check_names(there: &[ChannelSummary], channels: &[String]) -> Result<(), Failure> {
    let is_there = |name: &String| there.iter().any(|channel| channel.name == *name);
    let Some(unknown) = channels.iter().find(|name| !is_there(name)) else { return Ok(()) };
    let names: Vec<_> = there.iter().map(|channel| channel.name.as_str()).collect();
    let names = names.join(", ");
    Err(Failure::Refused(one_line(&format!("no channel {unknown:?} is recorded; accepted: {names}"))))
}

/// Whether somebody of these names sent something.
fn check_senders(recorded: &Recorded, senders: &[String]) -> Result<(), Failure> {
    let all = recorded.channels().iter().flat_map(|channel| &channel.senders);
    let known: BTreeSet<_> = all.map(RecordedSender::label).collect();
    let Some(unknown) = senders.iter().find(|name| !known.contains(name.as_str())) else { return Ok(()) };
    let accepted = if known.is_empty() {
        "accepted: without --sender, as it was recorded of channels that are not traced".to_owned()
    } else {
        format!("accepted: {}", Vec::from_iter(known).join(", "))
    };
    Err(Failure::Refused(one_line(&format!("no sender {unknown:?} is recorded; {accepted}"))))
}

fn info(recorded: &Recorded, json: bool) -> Result<(), Failure> {
    let printed = if json {
        print(info_json(recorded))
    } else {
        print(without_control(info_text(recorded).trim_end()))
    };
    printed.map_err(unprinted)
}

fn info_json(recorded: &Recorded) -> serde_json::Value {
    let channels = recorded.channels().iter().map(|it| {
        let gaps: Vec<_> =
            it.gaps.iter().map(|gap| json!({ "from": gap.from, "to": gap.to, "why": gap.why })).collect();
        let senders: Vec<_> =
            it.senders.iter().map(|it| json!({ "name": it.name, "site": it.site })).collect();
        json!({
            "name": it.name, "type": it.message, "kind": it.kind, "capacity": it.capacity,
            "senders": senders, "messages": it.messages, "bytes": it.bytes, "missed": it.missed, "gaps": gaps,
        })
    });
    let damage = recorded
        .damage()
        .iter()
        .map(|it| json!({ "file": it.path.to_string_lossy(), "from": it.from, "to": it.to, "why": it.why }));
    json!({
        "files": recorded.paths().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "run": recorded.run(),
        "meta": recorded.meta(),
        "duration_s": recorded.duration().map(|duration| duration.as_secs_f64()),
        "channels": channels.collect::<Vec<_>>(),
        "damage": damage.collect::<Vec<_>>(),
    })
}

fn info_text(recorded: &Recorded) -> String {
    let mut text = String::new();
    let channels = recorded.channels();
    let (files, messages) = (recorded.paths().count(), channels.iter().map(|it| it.messages).sum::<u64>());
    let seconds = recorded.duration().unwrap_or_default().as_secs_f64();
    let some = |count, what| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let (files, channel_count) = (some(files, "file"), some(channels.len(), "channel"));
    let _ = writeln!(text, "{messages} messages of {channel_count} in {seconds:.2} s, {files}");
    let run = |name| recorded.run().get(name).map_or("?", String::as_str);
    let _ = write!(text, "recorded by {}, run {}", run("program"), run("run"));
    for (name, value) in recorded.meta() {
        let _ = write!(text, ", {name} {value}");
    }
    let width = channels.iter().map(|it| it.name.chars().count()).max().unwrap_or(0).max(7);
    let types = channels.iter().map(|it| it.message.chars().count()).max().unwrap_or(0).max(4);
    let _ = writeln!(
        text,
        "\n\n{:width$}  {:types$}  {:>9}  {:>8}  {:>11}  {:>9}",
        "channel", "type", "messages", "missed", "bytes", "a second"
    );
    for it in channels {
        let rate = it.messages as f64 / seconds.max(0.001);
        let _ = writeln!(
            text,
            "{:width$}  {:types$}  {:>9}  {:>8}  {:>11}  {rate:>9.0}",
            it.name, it.message, it.messages, it.missed, it.bytes
        );
    }
    for it in channels.iter().filter(|it| !it.senders.is_empty()) {
        let names: Vec<_> = it.senders.iter().take(10).map(RecordedSender::label).collect();
        let more = it.senders.len().saturating_sub(10);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let _ = writeln!(text, "senders of {}: {}{more}", it.name, names.join(", "));
    }
    for it in channels {
        for gap in it.gaps.iter().take(10) {
            let _ = writeln!(text, "missing in {}: {} to {}, {}", it.name, gap.from, gap.to, gap.why);
        }
        if it.gaps.len() > 10 {
            let _ = writeln!(text, "missing in {}: more ranges; --json has the first 1000", it.name);
        }
    }
    for damage in recorded.damage() {
        let _ = writeln!(text, "damaged: {damage}");
    }
    text
}

fn cat(
    recorded: &Recorded,
    channels: &[String],
    senders: &[String],
    times: (Duration, Duration),
    json: bool,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for record in recorded.records().between(times.0, times.1) {
        let record = record.map_err(unread)?;
        if !(channels.is_empty() || channels.contains(&record.channel().name)) {
            continue;
        }
        if !is_from(&record, senders) {
            continue;
        }
        if !write_line(&mut out, &line(&record, json)?)? {
            return Ok(());
        }
    }
    flush(&mut out).map(drop)
}

/// Whether it was sent by one of these, if any are named.
pub(super) fn is_from(record: &RecordedMessage<'_>, senders: &[String]) -> bool {
    let sender = record.sender().map(RecordedSender::label);
    senders.is_empty() || sender.is_some_and(|sender| senders.iter().any(|name| name == sender))
}

/// Writes a line; whether somebody reads it.
pub(super) fn write_line(out: &mut impl Write, line: &str) -> Result<bool, Failure> {
    is_read(writeln!(out, "{line}"))
}

/// Writes what was kept back; whether somebody reads it.
pub(super) fn flush(out: &mut impl Write) -> Result<bool, Failure> {
    is_read(out.flush())
}

fn is_read(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true).map_err(unprinted),
    }
}

/// A record as a line.
pub(super) fn line(record: &RecordedMessage<'_>, json: bool) -> Result<String, Failure> {
    let message = record.json().map_err(unread)?;
    Ok(if json { json_line(record, &message) } else { text_line(record, &message) })
}

fn json_line(record: &RecordedMessage<'_>, message: &str) -> String {
    let name = json!(record.channel().name);
    let (number, at, class) = (record.number(), record.at().as_secs_f64(), json!(record.class()));
    let request = record.is_request();
    let left = json!(record.left().map(|left| left.as_secs_f64()));
    let (sender, turn) = (json!(record.sender().map(RecordedSender::label)), json!(record.turn()));
    format!(
        r#"{{"channel":{name},"number":{number},"at_s":{at},"class":{class},"request":{request},"left_s":{left},"sender":{sender},"turn":{turn},"message":{message}}}"#
    )
}

fn text_line(record: &RecordedMessage<'_>, message: &str) -> String {
    let (name, number, at) = (&record.channel().name, record.number(), record.at().as_secs_f64());
    let mut line = format!("{at:>11.6} {name} {number}");
    if record.class() != Priority::Normal {
        let _ = write!(line, " {:?}", record.class());
    }
    if record.is_request() {
        line.push('?');
    }
    if let Some(sender) = record.sender() {
        let _ = write!(line, " from {}", sender.label());
    }
    let _ = write!(line, " {message}");
    one_line(&line)
}

fn rewrite(recorded: &Recorded, part: Rewrite<'_>, options: &RewriteOptions) -> Result<(), Failure> {
    let RewriteOptions { out, force, .. } = options;
    let same = |path: &PathBuf| {
        path.canonicalize().is_ok_and(|path| out.canonicalize().is_ok_and(|out| out == path))
    };
    if recorded.paths().any(same) {
        return Err(Failure::refused_file(out, "is what is read; accepted: a file of another name"));
    }
    let part = if *force { part.replace() } else { part };
    let written = part.write(out).map_err(|error| match &error {
        ReadError::Io { path, source } if path == out => {
            let force = source.kind() == io::ErrorKind::AlreadyExists;
            let accepted = if force { "; accepted: another name, or --force" } else { "" };
            Failure::refused_file(out, format!("cannot be written: {source}{accepted}"))
        }
        ReadError::Path { .. } | ReadError::NothingAt { .. } => {
            let accepted = "accepted for --redact: what messages have, such as jobs:/token";
            Failure::Refused(one_line(&format!("{error}; {accepted}")))
        }
        _ => unread(error),
    })?;
    let lost = recorded.damage().len();
    let damage = match lost {
        0 => String::new(),
        1 => "; one place that is damaged was left out".to_owned(),
        _ => format!("; {lost} places that are damaged were left out"),
    };
    print(format!("{written} messages in {}{damage}", shown(out))).map_err(unprinted)
}

pub(super) fn unread(error: impl Display) -> Failure {
    Failure::Failed(one_line(&error.to_string()))
}

pub(super) fn unprinted(error: impl Display) -> Failure {
    Failure::Failed(format!("standard output: {error}"))
}

/// Texts from files may have anything in them, and terminals obey some of it.
fn without_control(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect()
}

pub(super) fn one_line(text: &str) -> String {
    without_control(text).replace('\n', " ")
}
