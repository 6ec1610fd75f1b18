use std::{collections::BTreeMap, io::Cursor};

use stratoswarm_record::{Recorded, Recording, Rewrite};

use crate::fixtures::{Job, ids, jobs, place, recorded};

#[tokio::test]
async fn another_implementation_reads_the_same() {
    let place = place();
    let report = recorded(&place, 30_000).await;
    let bytes = std::fs::read(&place.path).unwrap();
    let count = report.channels[0].recorded;
    assert_eq!(count, 30_000);

    let messages: Vec<_> = mcap::MessageStream::new(&bytes).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(messages.len() as u64, count);
    assert!(
        messages.iter().zip(0..).all(|(message, n)| message.sequence == n && message.channel.topic == "jobs")
    );
    assert!(messages.windows(2).all(|two| two[0].log_time <= two[1].log_time));
    assert!(messages.iter().all(|message| message.publish_time <= message.log_time));
    assert_eq!(messages[0].channel.message_encoding, "cbor");
    assert_eq!(messages[0].channel.metadata["type"], "test.job");

    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let stats = summary.stats.as_ref().unwrap();
    assert_eq!((stats.message_count, stats.channel_count, stats.metadata_count), (count, 2, 3));
    assert_eq!(stats.chunk_count as usize, summary.chunk_indexes.len());
    assert!(
        stats.chunk_count >= 3 && summary.chunk_indexes.iter().all(|it| it.uncompressed_size < 1_100_000)
    );
    assert_eq!(
        (stats.message_start_time, stats.message_end_time),
        (messages[0].log_time, messages[29_999].log_time)
    );
    let mut by_index = 0;
    for chunk in &summary.chunk_indexes {
        by_index += summary.stream_chunk(&bytes, chunk).unwrap().map(Result::unwrap).count();
        let indexes = summary.read_message_indexes(&bytes, chunk).unwrap();
        let first = indexes.values().next().unwrap()[0];
        assert!(summary.seek_message(&bytes, chunk, &first).is_ok());
    }
    assert_eq!(by_index as u64, count);
    let metadata = mcap::read::metadata(&bytes, &summary.metadata_indexes[0]).unwrap();
    assert_eq!((&*metadata.name, &*metadata.metadata["part"]), ("stratoswarm", "1"));
}

#[tokio::test]
async fn a_recording_in_json_is_one_for_others() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).meta("seed", 3).channel(&jobs).start().unwrap();
    jobs.send(Job { id: 1 << 53, text: "a\n".to_owned() }).await.unwrap();
    jobs.send(Job { id: u64::MAX, text: String::new() }).await.unwrap();
    recording.finish().await.unwrap();
    let json = place.path.with_extension("json.mcap");
    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!(Rewrite::of(&recorded).json().write(&json).unwrap(), 2);

    let bytes = std::fs::read(&json).unwrap();
    let messages: Vec<_> = mcap::MessageStream::new(&bytes).unwrap().collect::<Result<_, _>>().unwrap();
    let texts: Vec<_> = messages.iter().map(|message| str::from_utf8(&message.data).unwrap()).collect();
    let first = r#"{"n":0,"m":{"id":9007199254740992,"text":"a\u000a"}}"#;
    assert!(texts[0] == first || texts[0].replace("\\n", "\\u000a") == first, "{texts:?}");
    assert_eq!(texts[1], r#"{"n":1,"m":{"id":"18446744073709551615","text":""}}"#);
    let schema = messages[0].channel.schema.as_ref().unwrap();
    assert_eq!((&*schema.encoding, &*messages[0].channel.message_encoding), ("jsonschema", "json"));
    assert_eq!(mcap::Summary::read(&bytes).unwrap().unwrap().stats.unwrap().schema_count, 1);
    assert!(Recorded::open([&json]).is_err());
}

#[test]
fn what_another_implementation_writes_is_read() {
    #[derive(serde::Serialize)]
    struct Body {
        n: u64,
        s: u32, // a key that is to come
        m: Job,
    }
    for chunked in [true, false] {
        let place = place();
        let mut writer = mcap::WriteOptions::new()
            .profile("stratoswarm")
            .compression(None)
            .use_chunks(chunked)
            .chunk_size(Some(2_000))
            .create(Cursor::new(Vec::new()))
            .unwrap();
        let channel = writer.add_channel(0, "jobs", "cbor", &BTreeMap::new()).unwrap();
        for id in 0..100u64 {
            let body = Body { n: id, s: 1, m: Job { id, text: String::new() } };
            let mut data = Vec::new();
            cbor4ii::serde::to_writer(&mut data, &body).unwrap();
            let header = mcap::records::MessageHeader {
                channel_id: channel,
                sequence: 0,
                log_time: id,
                publish_time: id,
            };
            writer.write_to_known_channel(&header, &data).unwrap();
        }
        writer.finish().unwrap();
        std::fs::write(&place.path, writer.into_inner().into_inner()).unwrap();
        let recorded = Recorded::open([&place.path]).unwrap();
        assert_eq!((recorded.damage(), ids(&recorded)), (&[][..], (0..100).collect()));
        assert_eq!(recorded.duration().unwrap().as_nanos(), 99);
    }
}
