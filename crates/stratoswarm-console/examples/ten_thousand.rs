//! What a look costs where there are 10,000 channels: `cargo run --release -p stratoswarm-console --example ten_thousand`.
#![allow(clippy::print_stdout, reason = "an example")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    task::Poll,
    time::{Duration, Instant},
};

use stratoswarm_console::{Console, Trends};
use stratoswarm_core::{Fabric, examples::Job};

const CHANNELS: usize = 10_000;
const WAITS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fabric = Fabric::new();
    let open = |n: usize| fabric.channel::<Job>(format!("topic-{n}")).open();
    let channels = (0..CHANNELS).map(open).collect::<Result<Vec<_>, _>>()?;
    let _members: Vec<_> = channels.iter().map(|channel| channel.join("workers")).collect();

    let least = |look: &mut dyn FnMut()| {
        let times = (0..10).map(|_| {
            let begin = Instant::now();
            look();
            begin.elapsed()
        });
        times.min().unwrap_or_default()
    };
    let mut trends = Trends::new();
    let snapshot = fabric.snapshot();
    println!("{CHANNELS} idle channels with a group each; the least of ten:");
    println!("  Fabric::snapshot()   {:>9.1?}", least(&mut || drop(fabric.snapshot())));
    println!("  Trends::add()        {:>9.1?}", least(&mut || drop(trends.add(&snapshot, Instant::now()))));
    let mut explainer = fabric.explainer();
    println!("  Explainer::look()    {:>9.1?}", least(&mut || drop(explainer.look())));

    // A thousand tasks that wait: for rooms that somebody may still make, and for each other's, all round.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let waits = |name: &str,
                 sends_to: &dyn Fn(usize) -> usize,
                 reads: bool|
     -> Result<(), Box<dyn std::error::Error>> {
        let fabric = Fabric::new();
        let open = |n: usize| fabric.channel::<Job>(format!("topic-{n}")).capacity(1).open();
        let channels = (0..CHANNELS).map(open).collect::<Result<Vec<_>, _>>()?;
        let mut members: Vec<_> = channels.iter().map(|channel| Some(channel.join("workers"))).collect();
        let mut explainer = fabric.explainer();
        runtime.block_on(async {
            for n in 0..WAITS {
                let (channel, mut member) = (channels[sends_to(n)].clone(), members[n].take_if(|_| reads));
                fabric.spawn(&format!("task {n}"), async move {
                    if let Some(member) = &mut member {
                        let _ = poll_once(member.recv()).await; // it is this task's
                    }
                    while channel.send(Job(1)).await.is_ok() {}
                });
            }
            for _ in 0..WAITS {
                tokio::task::yield_now().await;
            }
        });
        explainer.look(); // the one before, which the next is compared with
        let found = explainer.look().len();
        println!("{WAITS} tasks wait {name}, in {CHANNELS} channels; {found} found:");
        println!("  Explainer::look()    {:>9.1?}", least(&mut || drop(explainer.look())));
        Ok(())
    };
    waits("for readers that nobody polls", &|n| n, false)?;
    waits("for each other in one circle", &|n| (n + 1) % WAITS, true)?;

    let console = Console::of(&fabric).listen("127.0.0.1:0").without_socket().start()?;
    let address = console.address().ok_or("it listens")?;
    for path in ["/metrics", "/snapshot.json", "/explain.json"] {
        let mut bytes = 0;
        let mut get = || -> std::io::Result<()> {
            std::thread::sleep(Duration::from_millis(300)); // the look before it has ended
            let mut stream = TcpStream::connect(address)?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
            let mut text = Vec::new();
            bytes = stream.read_to_end(&mut text)?;
            Ok(())
        };
        let pause = Duration::from_millis(300);
        let took = least(&mut || drop(get())).saturating_sub(pause);
        println!("  {path:<20} {took:>9.1?}  {bytes} bytes");
    }
    Ok(())
}

/// Polls a future once, and drops it.
async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
