//! Slow, silent, many and greedy clients.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use stratoswarm_core::{Fabric, examples::Job};

use crate::client::{PATIENCE, Reply, Stream, connect, console, get, until};

/// Whether the other side has closed it by now.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    match stream.read(&mut [0; 1024]) {
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

#[test]
fn a_head_that_does_not_end_is_cut_off() {
    let (_console, address) = console(&Fabric::new());
    let (begin, mut slow) = (Instant::now(), connect(address));
    write!(slow, "GET /snapshot.json HTTP/1.1\r\nHost: {address}\r\n").unwrap();
    until("it is cut off", || {
        let _ = slow.write_all(b"X: y\r\n"); // always a little more
        std::thread::sleep(Duration::from_millis(100));
        is_closed(&mut slow)
    });
    assert!(begin.elapsed() > Duration::from_secs(3), "it had its time");
    assert_eq!(get(address, "/explain.json").status, 410, "others are answered");
}

#[test]
fn large_heads_are_refused() {
    let (_console, address) = console(&Fabric::new());
    let mut stream = connect(address);
    let _ = write!(
        stream,
        "GET /snapshot.json HTTP/1.1\r\nHost: {address}\r\nX: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    assert!(matches!(Reply::read(stream).status, 0 | 431), "refused or cut off");
    let reply = get(address, &format!("/{}", "y".repeat(15_000)));
    assert!(matches!(reply.status, 404 | 414), "{reply:?}");
    let mut stream = connect(address);
    let _ = stream.write_all(&[0xff; 1_000]);
    assert!(matches!(Reply::read(stream).status, 0 | 400));
}

#[test]
fn whoever_never_reads_is_dropped_and_others_have_the_newest() {
    let fabric = Fabric::new();
    let open = |n| fabric.channel::<Job>(format!("channel-{n}-{}", "x".repeat(200))).open().unwrap();
    let channels: Vec<_> = (0..500).map(open).collect();
    let (_console, address) = console(&fabric);
    let mut greedy = connect(address);
    write!(greedy, "GET /stream HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut stream = Stream::open(address, "/stream");
    let begin = Instant::now();
    // Its buffers fill, then it has ten seconds.
    until("it is dropped", || {
        stream.next();
        begin.elapsed() > Duration::from_secs(10)
            && (greedy.write_all(b"x").is_err() || greedy.peer_addr().is_err())
    });
    channels[0].try_send(Job(1)).unwrap();
    let mut is_new = false;
    until("what is new arrives", || {
        is_new = is_new || stream.next().1["snapshot"]["channels"][0]["sent"] == 1;
        is_new
    });
}

#[test]
fn many_idle_connections_disturb_nobody() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let (_console, address) = console(&fabric);
    let mut idle = Vec::new();
    while idle.len() < 10_000 {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => idle.push(stream),
            Err(_) => break, // as many files as may be open
        }
        if idle.len() % 100 == 0 && idle.len() < 10_000 {
            get(address, "/nowhere"); // no faster than they are accepted, as the system drops what is too much
        }
    }
    jobs.try_send(Job(1)).unwrap();
    idle.truncate(idle.len() - 20); // room for other tests of this process
    assert!(idle.len() > 500, "{}", idle.len());
    let reply = get(address, "/snapshot.json");
    assert_eq!(reply.json()["snapshot"]["channels"][0]["sent"], 1, "with {} idle ones", idle.len());
    let oldest = &mut idle[..300];
    until("the longest idle are closed", || oldest.iter_mut().all(is_closed));
}

#[test]
fn of_streams_there_are_so_many_and_the_rest_goes_on() {
    let fabric = Fabric::new();
    let (_console, address) = console(&fabric);
    let mut streams: Vec<_> = (0..64).map(|_| Stream::open(address, "/stream")).collect();
    for stream in &mut streams {
        stream.next();
    }
    assert_eq!(get(address, "/stream").status, 503);
    assert_eq!(get(address, "/snapshot.json").status, 200);
    streams.truncate(10);
    until("their places are free again", || {
        let mut stream = connect(address);
        write!(stream, "GET /stream HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        &begin == b"HTTP/1.1 200"
    });
}

#[test]
fn a_scrape_of_ten_thousand_channels_takes_less_than_a_tenth_of_a_second() {
    let fabric = Fabric::new();
    let open = |n: usize| fabric.channel::<Job>(format!("topic-{n}")).open().unwrap();
    let _channels: Vec<_> = (0..10_000).map(open).collect();
    let (_console, address) = console(&fabric);
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 100 });
    let mut least = Duration::MAX;
    let begin = Instant::now();
    while least > limit && begin.elapsed() < PATIENCE {
        let begin = Instant::now();
        let reply = get(address, "/metrics");
        least = least.min(begin.elapsed());
        assert!(reply.body.contains("\nstratoswarm_folded_channels 9800.0\n"), "{}", reply.body);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(least <= limit, "{least:?}");
}
