//! The window that HTTP/2 streams of one connection share, and how one that is not read uses it up.
//!
//! A connection has one flow-control window for all its streams (RFC 9113, 5.2). A receiver that does not read one stream
//! gives nothing back for it, and once that stream has all of the window, no other gets on: also not the one whose data the
//! reader waits for before it reads on. libcurl has it in two shapes: its pull request 11043 makes the connection's window
//! large enough that "there is some room left should 99/100 streams be PAUSED by the application", and its issue 16955 is of two
//! transfers over one connection at very different rates, of which one stands still for ever with no window left. Here a
//! channel is a stream, the budget the window; a minimum is what the window lacks.

use crate::{
    budget::{Load, of},
    fixtures::{park, ready},
};
use std::time::Duration;
use stratoswarm_core::{Budget, Channel, Receiver};
use tokio_test::task;

const WINDOW: usize = 64;
const FRAME: usize = 8;
const FRAMES: usize = 100;

/// A download of which the first part, the index, is what says how to read the other; so the other is not read before it is
/// complete. Whether both are read to their ends.
async fn download(index_minimum: usize, body_minimum: usize) -> bool {
    let window = Budget::new("connection window", WINDOW);
    let (index, body) = (of(&window, "index", index_minimum), of(&window, "body", body_minimum));
    let (index_reader, body_reader) = (index.join("client"), body.join("client"));
    let server = |stream: Channel<Load>| async move {
        for _ in 0..FRAMES {
            stream.send(Load(FRAME)).await?;
        }
        Ok::<_, stratoswarm_core::SendError<Load>>(())
    };
    let serving = async {
        // The body is sent as fast as it goes, before the index has begun.
        futures::future::try_join(server(body), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            server(index).await
        })
        .await
    };
    let reading = async { (read(index_reader).await, read(body_reader).await) };
    let both = tokio::time::timeout(Duration::from_secs(60), futures::future::join(serving, reading)).await;
    if let Ok((served, read)) = &both {
        assert!(served.is_ok());
        assert_eq!(*read, (FRAMES, FRAMES));
    }
    assert!(window.used() <= WINDOW);
    both.is_ok()
}

async fn read(mut stream: Receiver<Load>) -> usize {
    let mut frames = 0;
    while stream.recv().await.is_some() {
        frames += 1;
    }
    frames
}

#[tokio::test(start_paused = true)]
async fn a_shared_window_without_minima_is_used_up_by_a_stream_that_is_not_read() {
    assert!(!download(0, 0).await, "the index never comes, and so the body is never read");
}

#[tokio::test(start_paused = true)]
async fn with_a_minimum_for_each_stream_the_same_download_ends() {
    assert!(download(FRAME, FRAME).await);
    assert!(download(FRAME, 0).await, "what waits is what needs one");
}

#[test]
fn the_rates_of_seven_streams_are_the_same_whether_or_not_the_eighth_is_read() {
    let rate = |stalled: Option<usize>| {
        let window = Budget::new("connection window", WINDOW);
        let streams: Vec<_> = (0..8).map(|n| of(&window, &n.to_string(), FRAME)).collect();
        let mut readers: Vec<_> = streams.iter().map(|stream| stream.join("client")).collect();
        let mut counts = [0usize; 8];
        let mut stuck = None;
        for _ in 0..FRAMES {
            for (n, (stream, reader)) in streams.iter().zip(&mut readers).enumerate() {
                if Some(n) == stalled {
                    if stuck.is_none() {
                        while stream.try_send(Load(FRAME)).is_ok() {}
                        stuck = Some(task::spawn(stream.send(Load(FRAME))));
                        stuck.iter_mut().for_each(park);
                    }
                    continue;
                }
                assert!(ready(&mut task::spawn(stream.send(Load(FRAME)))).is_ok());
                counts[n] += usize::from(reader.try_recv().is_ok());
            }
        }
        counts
    };
    let (all, seven) = (rate(None), rate(Some(3)));
    assert_eq!(all, [FRAMES; 8]);
    assert_eq!(seven, [FRAMES, FRAMES, FRAMES, 0, FRAMES, FRAMES, FRAMES, FRAMES]);
}
