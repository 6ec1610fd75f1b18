use std::collections::HashMap;

use tokio::sync::oneshot;

/// Keeps the commands of every stream in order: each begins when the one before it has ended.
#[derive(Debug, Default)]
pub struct Streams {
    last: HashMap<u32, oneshot::Receiver<()>>,
}

/// A command's place in its stream; the next one begins when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    _end: oneshot::Sender<()>,
}

impl Streams {
    /// No commands yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next place in `stream`.
    pub(super) fn next(&mut self, stream: u32) -> Turn {
        let (end, ended) = oneshot::channel();
        Turn { before: self.last.insert(stream, ended), _end: end }
    }
}

impl Turn {
    /// Waits for the command before, however it ended.
    pub(super) async fn begin(&mut self) {
        if let Some(before) = self.before.take() {
            // An error is the other side dropped, which is what ends a turn.
            let _ = before.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_begins_when_the_one_before_is_dropped() {
        let mut streams = Streams::new();
        let (mut first, mut second, mut other) = (streams.next(1), streams.next(1), streams.next(2));
        first.begin().await;
        other.begin().await;
        let mut waiting = Box::pin(second.begin());
        tokio::select! {
            biased;
            () = &mut waiting => panic!("the first has not ended"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        waiting.await;
    }
}
