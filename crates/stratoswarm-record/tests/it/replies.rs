use std::{collections::BTreeMap, io::Cursor, path::Path, time::Duration};

use serde::Serialize;
use stratoswarm_core::{
    Channel, Fabric,
    messages::{CostCall, CostMessage, CostQuote, CostUpdate, QueryCost},
};
use stratoswarm_record::{Pace, Recorded, Replay, ReplayError, ReplayReport, Replies};

use crate::fixtures::place;

#[derive(Serialize)]
struct Body {
    n: u64,
    r: bool,
    m: CostMessage,
}

/// What became of a message.
#[derive(Serialize)]
struct Outcome {
    n: u64,
    g: &'static str,
    w: u64,
    t: u64,
    at: u64,
    how: &'static str,
    a: u32,
    #[serde(rename = "R", skip_serializing_if = "Option::is_none")]
    reply: Option<CostQuote>,
}

fn quote(price: f64) -> CostQuote {
    CostQuote { price, samples: 0 }
}

/// Requests about 0, 1, 2 and so on, each answered with a tenth of it, but the last one with nothing; between them an update.
fn write(path: &Path, requests: u64, outcomes: bool) {
    let options = mcap::WriteOptions::new().profile("stratoswarm").compression(None);
    let mut writer = options.create(Cursor::new(Vec::new())).unwrap();
    let metadata = BTreeMap::from([("type".to_owned(), "stratoswarm.cost".to_owned())]);
    let channel = writer.add_channel(0, "cost", "cbor", &metadata).unwrap();
    let of = BTreeMap::from([("outcomes_of".to_owned(), channel.to_string())]);
    let became = outcomes.then(|| writer.add_channel(0, "cost/outcomes", "cbor", &of).unwrap());
    let mut put = |channel_id, n: u64, data: Vec<u8>| {
        let header = mcap::records::MessageHeader {
            channel_id,
            sequence: n as u32,
            log_time: n * 1_000_000,
            publish_time: n * 1_000_000,
        };
        writer.write_to_known_channel(&header, &data).unwrap();
    };
    for n in 0..requests {
        let body = Body { n, r: true, m: QueryCost { tasks: n as u32 }.into() };
        put(channel, n, encoded(&body));
        if let Some(became) = became {
            let (how, reply) = if n + 1 < requests {
                ("replied", Some(quote(n as f64 / 10.0)))
            } else {
                ("abandoned", None)
            };
            for (how, reply) in [("taken", None), (how, reply)] {
                let outcome = Outcome { n, g: "models", w: 0, t: n, at: n, how, a: 1, reply };
                put(became, n, encoded(&outcome));
            }
        }
    }
    let update = CostUpdate { tasks: 1, busy: Duration::ZERO }.into();
    let body = Body { n: requests, r: false, m: update };
    put(channel, requests, encoded(&body));
    writer.finish().unwrap();
    std::fs::write(path, writer.into_inner().into_inner()).unwrap();
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    cbor4ii::serde::to_vec(Vec::new(), value).unwrap()
}

/// A model that answers after 10 ms, and what was asked of it.
fn serve(costs: &Channel<CostMessage>, price: impl Fn(u32) -> Option<f64> + Send + 'static) {
    let mut model = costs.join("models");
    tokio::spawn(async move {
        while let Some(delivery) = model.recv().await {
            if let CostCall::QueryCost(query, reply) = delivery.into() {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if let Some(price) = price(query.tasks) {
                    reply.send(quote(price));
                }
            }
        }
    });
}

async fn compared(recorded: &Recorded, price: fn(u32) -> Option<f64>, ignore: &[&str]) -> ReplayReport {
    let costs = Fabric::new().channel::<CostMessage>("cost").group("models").open().unwrap();
    serve(&costs, price);
    let replay =
        Replay::of(recorded).channel(&costs).requests(Replies::Compare).ignore(ignore.iter().copied());
    replay.pace(Pace::Max).run().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_reply_is_compared_with_the_recorded_one() {
    let place = place();
    write(&place.path, 6, true);
    let recorded = Recorded::open([&place.path]).unwrap();
    let told = |report: &ReplayReport| (report.sent, report.compared_replies, report.differing_replies);

    let same = compared(&recorded, |tasks| Some(f64::from(tasks) / 10.0), &[]).await;
    assert_eq!((told(&same), &same.differences[..]), ((7, 5, 0), &[][..]));
    let other =
        compared(&recorded, |tasks| Some(if tasks == 3 { 7.5 } else { f64::from(tasks) / 10.0 }), &[]).await;
    assert_eq!(told(&other), (7, 5, 1));
    assert_eq!(other.differences[0].to_string(), "cost 3 /price: 0.3 was recorded, now 7.5");
    let ignored = compared(&recorded, |_| Some(7.5), &["cost:/price"]).await;
    assert_eq!(told(&ignored), (7, 5, 0));
    let none = compared(&recorded, |tasks| (tasks != 0).then(|| f64::from(tasks) / 10.0), &[]).await;
    assert_eq!((told(&none), none.differences[0].number), ((7, 5, 1), 0));
    assert_eq!(none.differences[0].recorded.as_deref(), Some(r#"{"price":0.0,"samples":0}"#));
}

#[tokio::test(start_paused = true)]
async fn without_recorded_replies_nothing_is_sent_to_be_compared() {
    let place = place();
    write(&place.path, 3, false);
    let recorded = Recorded::open([&place.path]).unwrap();
    let costs = Fabric::new().channel::<CostMessage>("cost").group("models").open().unwrap();
    let replay = || Replay::of(&recorded).channel(&costs).requests(Replies::Compare);
    let error = replay().run().await.unwrap_err();
    assert!(matches!(&error, ReplayError::NoReplies { channels } if channels == "cost"), "{error}");
    assert!(error.to_string().contains("`traced()`"), "{error}");
    let error = replay().ignore(["price"]).run().await.unwrap_err();
    assert!(error.to_string().starts_with("\"price\" is no path into a reply"), "{error}");
    assert_eq!(costs.info().sent, 0);
}

#[tokio::test(start_paused = true)]
async fn a_replay_by_steps_tells_of_replies_at_its_end() {
    let place = place();
    write(&place.path, 4, true);
    let recorded = Recorded::open([&place.path]).unwrap();
    let costs = Fabric::new().channel::<CostMessage>("cost").group("models").open().unwrap();
    serve(&costs, |_| Some(1.0));
    let mut replay = Replay::of(&recorded).channel(&costs).requests(Replies::Compare).start().unwrap();
    let mut numbers = Vec::new();
    while let Some(replayed) = replay.step().await.unwrap() {
        numbers.push(replayed.number);
    }
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let report = replay.finish().await;
    assert_eq!((report.sent, report.compared_replies, report.differing_replies), (5, 3, 3));
}
