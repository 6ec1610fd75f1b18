//! What the library tells `tracing`: open, close, lag and expiry, at the level of debugging.

use crate::fixtures::{Number, logged};
use std::time::Duration;
use stratoswarm_core::Fabric;
use tracing_subscriber::filter::LevelFilter;

fn scenario() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let fabric = Fabric::new();
        let squares = fabric.channel::<Number>("squares").capacity(8).open().unwrap();
        let news = fabric.broadcast::<Number>("news").capacity(2).open().unwrap();
        let mut reader = news.subscribe();
        for n in 0..5 {
            news.send(Number(n)).unwrap();
        }
        assert!(reader.try_recv().unwrap().is_err());
        let _idle = squares.join("workers");
        assert!(squares.request(Number(3)).timeout(Duration::from_secs(1)).await.is_err());
        fabric.shutdown(Duration::from_secs(1)).await;
    });
}

#[test]
fn open_close_lag_and_expiry_are_told_at_debug_level() {
    let lines = logged(LevelFilter::DEBUG, scenario);
    for told in [
        r#"channel opened channel="squares" capacity=8"#,
        r#"broadcast opened channel="news" capacity=2"#,
        r#"lossy reader lagged channel="news" missed=3"#,
        r#"request expired channel="squares" stage=queued waited=1"#,
        r#"channel closed channel="squares""#,
        "fabric shut down channels=2",
    ] {
        assert!(lines.contains(told), "{told} is not in\n{lines}");
    }
}

#[test]
fn a_shutdown_is_a_span() {
    let lines = logged(LevelFilter::DEBUG, scenario);
    let closed: Vec<_> = lines.lines().filter(|line| line.contains("channel closed")).collect();
    assert_eq!(closed.len(), 2, "{lines}");
    assert!(closed.iter().all(|line| line.contains("shutdown{within=1s}")), "{lines}");
}

#[test]
fn nothing_of_that_is_told_above_debug_level() {
    assert_eq!(logged(LevelFilter::INFO, scenario), "");
}
