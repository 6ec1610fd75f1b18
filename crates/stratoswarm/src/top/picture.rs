use std::{collections::HashMap, time::Duration};

use super::{
    figure::{clean, span},
    names::Names,
    row::Row,
    served::{FORMAT, Handle, Served},
    trouble::Trouble,
};

/// What is shown of a swarm at one moment.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) program: String,
    pub(super) pid: u32,
    pub(super) uptime: Duration,
    /// For how long a look has been waiting for a lock that somebody holds; the rows are older than that.
    pub(super) waiting: Option<Duration>,
    pub(super) tasks: usize,
    /// Its channels, in the order of their closing.
    pub(super) rows: Vec<Row>,
    /// In one line each, the worst first.
    pub(super) verdicts: Vec<(Trouble, String)>,
    /// All that is told of them; empty if there are none.
    pub(super) verdicts_text: String,
    pub(super) handles: Vec<Handle>,
}

impl Picture {
    /// Reads `/snapshot.json`.
    ///
    /// # Errors
    /// It is none, or of a format that is not known: in a few words.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        let served: Served = serde_json::from_slice(json)
            .map_err(|error| clean(&format!("answers what is no snapshot: {error}")))?;
        if served.format != FORMAT {
            return Err(format!("serves format {}; accepted: format {FORMAT}", served.format));
        }
        Ok(Self::new(served))
    }

    fn new(served: Served) -> Self {
        let names = Names::new(&served.verdicts);
        let mut trouble: HashMap<&str, Trouble> = HashMap::new();
        for verdict in &served.verdicts {
            let found = Trouble::of(verdict.known_kind());
            for channel in &verdict.channels {
                let worst = trouble.entry(channel).or_insert(found);
                *worst = found.max(*worst);
            }
        }
        let channels = served.snapshot.channels.iter().enumerate();
        let rows = channels.map(|(at, channel)| {
            let trouble = trouble.get(channel.name.as_str()).copied().unwrap_or(Trouble::None);
            Row::new(channel, served.figures.get(at), trouble, &names)
        });
        let rows = rows.collect();
        let mut verdicts: Vec<_> = served.verdicts.iter().map(in_one_line).collect();
        verdicts.sort_by_key(|(trouble, _)| std::cmp::Reverse(*trouble));
        Self {
            program: clean(&served.program),
            pid: served.pid,
            uptime: Duration::try_from_secs_f64(served.uptime_s).unwrap_or_default(),
            waiting: served.look_waiting_s.and_then(|waiting| Duration::try_from_secs_f64(waiting).ok()),
            tasks: served.snapshot.tasks.len(),
            rows,
            verdicts,
            verdicts_text: lines(&served.verdicts_text),
            handles: served.snapshot.handles,
        }
    }
}

fn in_one_line(verdict: &super::served::Verdict) -> (Trouble, String) {
    let known = verdict.known_kind();
    let kind = known.map_or_else(|| clean(&verdict.kind), |kind| kind.to_string());
    let until = verdict.until.map(|until| format!(" a deadline in {}", span(until))).unwrap_or_default();
    let lasted = span(verdict.lasted);
    (Trouble::of(known), format!("{kind}{until} {lasted}  {}", clean(&verdict.summary)))
}

/// A text of several lines, each of them clean.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::top::fixture::{picture, stuck};

    fn row<'a>(picture: &'a Picture, name: &str) -> &'a Row {
        picture.rows.iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn what_the_library_serves_is_read() {
        let picture = picture(&stuck());
        assert_eq!((&*picture.program, picture.pid, picture.tasks), ("swarm", 4711, 2));
        assert_eq!(picture.uptime, Duration::from_millis(12_300));
        assert_eq!(picture.verdicts.len(), 1);
        let (trouble, verdict) = &picture.verdicts[0];
        assert_eq!(*trouble, Trouble::Stuck);
        assert!(
            verdict.starts_with("DEADLOCK ") && verdict.contains("wait for each other's full channels"),
            "{verdict}"
        );
        assert!(picture.verdicts_text.lines().count() > 4, "{}", picture.verdicts_text);
        let jobs = row(&picture, "jobs");
        assert_eq!((jobs.len, jobs.capacity, jobs.blocked, jobs.trouble), (3, 3, 6, Trouble::Stuck));
        assert_eq!((jobs.fullness, jobs.sent_per_s, jobs.lag_s), (1.0, Some(81_234.4), Some(12.44)));
        assert!(jobs.oldest.is_some() && jobs.wait_p99.is_none());
        assert_eq!(jobs.held_up_by, "workers: 1 in hand");
        assert_eq!((&*jobs.readers[0].name, jobs.readers[0].taken_per_s), ("workers", Some(11.0)));
        let evolution = row(&picture, "evolution");
        assert_eq!(
            (evolution.trouble, evolution.blocked, &*evolution.held_up_by),
            (Trouble::None, 0, "engines: elsewhere")
        );
        let events = row(&picture, "events");
        assert!(events.is_lossy && events.held_up_by.ends_with(" missed 12"), "{}", events.held_up_by);
        assert!(picture.handles.iter().any(|handle| handle.channel == "jobs" && handle.kind == "Receiver"));
    }

    #[test]
    fn those_who_wait_are_told_by_place_with_the_names_that_verdicts_have() {
        let picture = picture(&stuck());
        let told: Vec<_> = row(&picture, "jobs")
            .waits
            .iter()
            .map(|wait| (&*wait.what, wait.count, wait.who.as_str()))
            .collect();
        assert_eq!(told[0], ("send", 1, "planner"), "the longest waiting first, by the verdict's name");
        assert_eq!((told.len(), told[1].0, told[1].1), (2, "send", 5));
        assert!(told[1].2.starts_with("task ") && told[1].2.ends_with(" +4"), "{told:?}");
        assert!(
            row(&picture, "jobs").waits.iter().all(|wait| wait.at.contains("fixture.rs:") && wait.is_blocked)
        );
    }

    #[test]
    fn of_several_at_one_place_none_has_a_name() {
        let mut served = stuck();
        for channel in served["snapshot"]["channels"].as_array_mut().unwrap() {
            let waits = channel["waits"].as_array_mut().unwrap();
            for wait in waits.iter_mut() {
                wait["name"] = json!(null); // of an earlier version
            }
            if let Some(mut other) = waits.first().cloned() {
                other["state"] = json!("Granted");
                waits.push(other);
            }
        }
        let picture = picture(&served);
        let told: Vec<_> = row(&picture, "results").waits.iter().map(|wait| &*wait.what).collect();
        assert_eq!(told, ["send, granted a place", "send"]);
        assert!(row(&picture, "results").waits.iter().all(|wait| wait.who.starts_with("task ")));
    }

    #[test]
    fn a_later_version_is_understood_as_far_as_may_be() {
        let mut served = stuck();
        served["verdicts"][0]["kind"] = json!("Bewitched");
        served["new"] = json!({"a": 1});
        served["look_waiting_s"] = json!(3.25);
        for figures in served["figures"].as_array_mut().unwrap() {
            (figures["lag_at_least"], figures["wait_p99_s"]) = (json!(true), json!(0.0021));
        }
        let channels = served["snapshot"]["channels"].as_array_mut().unwrap();
        for channel in channels {
            channel["kind"] = json!("Ring");
            channel["readers"] = json!([{"name": "r", "kind": "Oracle", "left": 5}]);
            channel["waits"] = json!([{"kind": "Dream", "state": "Deep", "at": "a.rs:1:2"}]);
        }
        let picture = picture(&served);
        assert!(picture.verdicts[0].1.starts_with("Bewitched "), "{:?}", picture.verdicts);
        assert_eq!(picture.waiting, Some(Duration::from_millis(3_250)));
        let jobs = row(&picture, "jobs");
        assert_eq!((&*jobs.lag, &*jobs.readers[0].lag), (">12.4s", "-"));
        assert_eq!((jobs.trouble, jobs.wait_p99), (Trouble::Stuck, Some(Duration::from_micros(2_100))));
        assert_eq!((jobs.readers[0].kind(), &*jobs.waits[0].what), ("reader".to_owned(), "Dream, Deep"));
    }

    #[test]
    fn what_is_missing_is_as_in_an_empty_swarm_and_another_format_is_refused() {
        let read = |json: &Value| Picture::read(json.to_string().as_bytes());
        let empty = read(&json!({"format": 1})).unwrap();
        assert!(empty.rows.is_empty() && empty.verdicts.is_empty());
        assert_eq!(read(&json!({"format": 2})).unwrap_err(), "serves format 2; accepted: format 1");
        for bad in [json!({}), json!([]), json!({"format": 1, "snapshot": 7}), json!({"format": "\u{1b}[2J"})]
        {
            let why = read(&bad).unwrap_err();
            assert!(!why.chars().any(char::is_control), "{why}");
        }
        assert!(Picture::read(b"{\"format\":1").unwrap_err().starts_with("answers what is no snapshot: "));
        assert!(Picture::read(b"").is_err());
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        let text = stuck().to_string().replace("jobs", "jo\\u001b[2Jbs\\n");
        let picture = Picture::read(text.as_bytes()).unwrap();
        let told =
            format!("{:?}", picture.rows.iter().map(|row| (&row.name, &row.held_up_by)).collect::<Vec<_>>());
        assert!(told.contains("jo\u{fffd}[2Jbs\u{fffd}"), "{told}");
        let texts =
            picture.verdicts.iter().map(|(_, text)| text.as_str()).chain(picture.verdicts_text.lines());
        assert!(texts.flat_map(str::chars).all(|it| !it.is_control()));
    }

    #[test]
    fn a_lane_that_is_full_shows_though_the_others_are_empty() {
        let mut served = stuck();
        let channel = &mut served["snapshot"]["channels"][0];
        channel["lanes"] = json!([{"priority": "Critical", "capacity": 2, "len": 2, "blocked_senders": 1},
            {"priority": "Normal", "capacity": 98, "len": 0}]);
        channel["len"] = json!(2);
        let picture = picture(&served);
        assert_eq!((picture.rows[0].len, picture.rows[0].capacity, picture.rows[0].fullness), (2, 100, 1.0));
        assert!(picture.rows[0].facts.contains(&("lane", "Critical 2/2, 1 blocked".to_owned())));
    }

    #[test]
    fn who_holds_a_channel_up_is_told_by_what_is_left() {
        let mut served = stuck();
        let told = |readers: Value, served: &mut Value| {
            let channels = served["snapshot"]["channels"].as_array_mut().unwrap();
            let jobs = channels.iter_mut().find(|channel| channel["name"] == "jobs").unwrap();
            jobs["readers"] = readers;
            row(&picture(served), "jobs").held_up_by.clone()
        };
        let reader = |name: &str, left: u64, members: u64| json!({"name": name, "kind": "Group", "left": left, "members": members});
        assert_eq!(told(json!([reader("a", 1, 1), reader("b", 3, 0)]), &mut served), "b: no member");
        assert_eq!(told(json!([reader("a", 3, 1), reader("b", 3, 0)]), &mut served), "a +1: elsewhere");
        let mut waiting = reader("a", 3, 3);
        waiting["waits"] = json!([{"kind": "Receive", "state": "Waiting", "at": "a.rs:1:2"}]);
        assert_eq!(told(json!([waiting]), &mut served), "a: 1 of 3 wait");
        assert_eq!(told(json!([]), &mut served), "no reader");
        assert_eq!(told(json!([{"name": "tap 1", "kind": "Lossy", "left": 9}]), &mut served), "no reader");
    }
}
