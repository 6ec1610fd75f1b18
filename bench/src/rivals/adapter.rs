//! The shapes of the adapters, and the macros that write them.

use std::ops::Range;

use crate::payload::Tally;
use crate::payload::{Msg, Payload};

/// Senders and readers of one channel, each with the loop that is timed.
pub(crate) trait Flow<P: Payload>: 'static {
    /// The contender's name in the report.
    const NAME: &'static str;
    /// The package its version is read from.
    const PACKAGE: &'static str;
    /// A sending handle.
    type Tx: Send + 'static;
    /// A reading handle.
    type Rx: Send + 'static;

    /// A channel with so many handles of each kind.
    fn open(capacity: usize, senders: usize, readers: usize) -> (Vec<Self::Tx>, Vec<Self::Rx>);
    /// Sends the messages of these numbers; false when the channel was closed under it.
    fn produce(tx: Self::Tx, ids: Range<u64>) -> impl Future<Output = bool> + Send;
    /// Receives to the end.
    fn consume(rx: Self::Rx) -> impl Future<Output = Tally> + Send;
}

/// The same one step at a time, for the checks; not for timing.
pub(crate) trait Steps: Flow<Msg> {
    /// Whether several readers may share the messages.
    const SHARED: bool;

    /// Sends one message; false when closed.
    fn send(tx: &mut Self::Tx, message: Msg) -> impl Future<Output = bool> + Send;
    /// Receives one message; `None` when closed and drained.
    fn recv(rx: &mut Self::Rx) -> impl Future<Output = Option<Msg>> + Send;
}

/// A sender that never waits, and readers that are told what they missed.
pub(crate) trait Lossy: 'static {
    /// The contender's name in the report.
    const NAME: &'static str;
    /// The package its version is read from.
    const PACKAGE: &'static str;
    /// The sending handle.
    type Tx: Send + 'static;
    /// A reading handle.
    type Rx: Send + 'static;

    /// A channel with so many readers.
    fn open(capacity: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>);
    /// Sends; false when closed.
    fn send(tx: &Self::Tx, message: Msg) -> bool;
    /// The next message, or how many were missed; `None` at the end.
    fn recv(rx: &mut Self::Rx) -> impl Future<Output = Option<Result<Msg, u64>>> + Send;
    /// Receives to the end.
    fn consume(rx: Self::Rx) -> impl Future<Output = LossyTally> + Send;
}

/// What one lossy reader got, and was told it missed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LossyTally {
    /// Messages received.
    pub(crate) received: u64,
    /// Messages the channel says were missed.
    pub(crate) missed: u64,
    /// Messages that arrived out of order, twice or damaged.
    pub(crate) wrong: u64,
    next: u64,
}

impl LossyTally {
    /// Adds a message received.
    #[inline]
    pub(crate) fn add(&mut self, message: &Msg) {
        let id = message.id();
        if id < self.next || message.digest() == 0 {
            self.wrong += 1;
        }
        self.next = id + 1;
        self.received += 1;
    }

    /// Adds a reported gap.
    #[inline]
    pub(crate) fn miss(&mut self, missed: u64) {
        self.missed += missed;
    }
}

/// Callers that wait for replies, and the handler that gives them.
pub(crate) trait Requests: 'static {
    /// The contender's name in the report.
    const NAME: &'static str;
    /// The package its version is read from.
    const PACKAGE: &'static str;
    /// What it does not do that the others do.
    const NOTE: Option<&'static str>;
    /// A caller's handle.
    type Caller: Clone + Send + Sync + 'static;
    /// What to wait for after the last caller has gone.
    type Handler: Send + 'static;

    /// Starts the handler.
    fn open() -> impl Future<Output = (Self::Caller, Self::Handler)> + Send;
    /// One round trip; `None` when it failed.
    fn ask(caller: &Self::Caller, message: Msg) -> impl Future<Output = Option<u64>> + Send;
    /// Round trips one after the other; the sum of the replies, `None` when one failed.
    fn calls(caller: Self::Caller, ids: Range<u64>) -> impl Future<Output = Option<u64>> + Send;
    /// Ends the handler and waits for its end.
    fn close(caller: Self::Caller, handler: Self::Handler) -> impl Future<Output = ()> + Send;
}

/// Clones to make `n`.
pub(super) fn many<T: Clone>(first: T, n: usize) -> Vec<T> {
    vec![first; n]
}

/// Writes [`Flow`] and [`Steps`] of a channel used one message at a time. `send` is a future's output as a `bool`;
/// `recv` is `Some(name) = ...` or `Ok(name) = ...`, and `into` turns what was received into the message.
macro_rules! channel {
    (
        $(#[$doc:meta])*
        $name:ident<$payload:ident> = $rival:tt of $package:tt, shared $shared:literal,
        $tx:ty, $rx:ty,
        open |$capacity:pat_param, $senders:pat_param, $readers:pat_param| $open:expr,
        send |$t:ident, $m:ident| $send:expr,
        recv |$r:ident| $some:ident($got:ident) = $recv:expr,
        into $into:expr
    ) => {
        $(#[$doc])*
        pub(crate) struct $name;
        impl<$payload: $crate::payload::Payload> $crate::rivals::adapter::Flow<$payload> for $name {
            const NAME: &'static str = $rival;
            const PACKAGE: &'static str = $package;
            type Tx = $tx;
            type Rx = $rx;
            fn open($capacity: usize, $senders: usize, $readers: usize) -> (Vec<Self::Tx>, Vec<Self::Rx>) {
                $open
            }
            #[allow(unused_mut, reason = "some rivals send through &mut")]
            async fn produce(mut $t: Self::Tx, ids: std::ops::Range<u64>) -> bool {
                for id in ids {
                    let $m = <$payload>::numbered(id);
                    if !$send {
                        return false;
                    }
                }
                true
            }
            #[allow(unused_mut, reason = "some rivals receive through &mut")]
            async fn consume(mut $r: Self::Rx) -> $crate::payload::Tally {
                let mut tally = $crate::payload::Tally::default();
                while let $some($got) = $recv {
                    tally.add::<$payload>(&$got);
                }
                tally
            }
        }
        impl $crate::rivals::adapter::Steps for $name {
            const SHARED: bool = $shared;
            async fn send(
                $t: &mut <Self as $crate::rivals::adapter::Flow<$crate::payload::Msg>>::Tx,
                $m: $crate::payload::Msg,
            ) -> bool {
                $send
            }
            async fn recv(
                $r: &mut <Self as $crate::rivals::adapter::Flow<$crate::payload::Msg>>::Rx,
            ) -> Option<$crate::payload::Msg> {
                match $recv {
                    $some($got) => Some($into),
                    _ => None,
                }
            }
        }
    };
}

/// Writes [`Lossy`]: `send` gives a `bool`, `recv` an `Option<Result<Msg, u64>>`.
macro_rules! lossy {
    (
        $(#[$doc:meta])*
        $name:ident = $rival:tt of $package:tt, $tx:ty, $rx:ty,
        open |$capacity:ident, $readers:ident| $open:expr,
        send |$t:ident, $m:ident| $send:expr,
        recv |$r:ident| $recv:expr
    ) => {
        $(#[$doc])*
        pub(crate) struct $name;
        impl $crate::rivals::adapter::Lossy for $name {
            const NAME: &'static str = $rival;
            const PACKAGE: &'static str = $package;
            type Tx = $tx;
            type Rx = $rx;
            fn open($capacity: usize, $readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
                $open
            }
            #[inline]
            fn send($t: &Self::Tx, $m: $crate::payload::Msg) -> bool {
                $send
            }
            async fn recv($r: &mut Self::Rx) -> Option<Result<$crate::payload::Msg, u64>> {
                $recv
            }
            async fn consume(mut $r: Self::Rx) -> $crate::rivals::adapter::LossyTally {
                let mut tally = $crate::rivals::adapter::LossyTally::default();
                while let Some(got) = $recv {
                    match got {
                        Ok(message) => tally.add(&message),
                        Err(missed) => tally.miss(missed),
                    }
                }
                tally
            }
        }
    };
}

/// Writes [`Requests`]: `ask` gives an `Option<u64>`.
macro_rules! requests {
    (
        $(#[$doc:meta])*
        $name:ident = $rival:tt of $package:tt, note $note:expr, $caller:ty, $handler:ty,
        open $open:expr,
        ask |$c:ident, $m:ident| $ask:expr,
        close |$closing:ident, $h:ident| $close:expr
    ) => {
        $(#[$doc])*
        pub(crate) struct $name;
        impl $crate::rivals::adapter::Requests for $name {
            const NAME: &'static str = $rival;
            const PACKAGE: &'static str = $package;
            const NOTE: Option<&'static str> = $note;
            type Caller = $caller;
            type Handler = $handler;
            async fn open() -> (Self::Caller, Self::Handler) {
                $open
            }
            async fn ask($c: &Self::Caller, $m: $crate::payload::Msg) -> Option<u64> {
                $ask
            }
            async fn calls($c: Self::Caller, ids: std::ops::Range<u64>) -> Option<u64> {
                let mut sum = 0_u64;
                for id in ids {
                    let $m = <$crate::payload::Msg as $crate::payload::Payload>::numbered(id);
                    let reply: u64 = $ask?;
                    if reply != id + 1 {
                        return None; // somebody else's
                    }
                    sum = sum.wrapping_add(reply);
                }
                Some(sum)
            }
            async fn close($closing: Self::Caller, $h: Self::Handler) {
                $close
            }
        }
    };
}
