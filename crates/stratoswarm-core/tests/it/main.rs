//! The library seen from outside: every guarantee of `docs/semantics.md` is proved by a test in one of these files.
//!
//! Time is tokio's paused clock or a future polled by hand; nothing here sleeps, except requests of some milliseconds
//! outside tokio and in a runtime without a clock.

// In tests a failed `unwrap` is the failure report, a panic inside a message or a handler is the subject under test,
// and literal numbers and long scenarios are what is being read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::too_many_lines)]

mod first_screen;
mod fixtures; // the small message of most tests, futures polled by hand

// Lossless channels
mod batches; // send_many, recv_many
mod budget; // bytes: at most so many, in one channel or in several together
mod budget_model; // beside a model
mod budget_ways; // every way in is charged, every way out gives back
mod budget_window; // a window that streams share, as in HTTP/2
mod capacity; // exactly N, permits included
mod credit; // limited handles: of each so many messages wait at most
mod fair_senders; // handles that take turns
mod fairness; // no barging; siblings on one thread get their turns
mod kept_for; // for whom a message is kept: groups, subscribers, late readers
mod oldest; // late readers from the oldest: nothing twice, nothing lost, requests still requests
mod order; // per sender, one total order for all readers
mod readers_calls; // what every kind of reader answers
mod recording; // the tape of what was admitted
mod senders_calls; // several places, timeouts, and what a producer learns of its consumers
mod starting; // where late readers start, and what stays for them
mod streams;
mod traced; // who sent a message, and what became of it // readers as `Stream`s

// Lossy readers
mod lossy; // taps and broadcasts: received + missed = sent

// Ends
mod cancellation; // dropped futures and permits: no phantom, nothing lost
mod closing; // close, drain, None
mod drain; // one channel ends as a shutdown ends it
mod explain; // why nothing moves
mod handles; // which handle keeps a channel open; Send, Sync, Unpin
mod load; // members, subscribers and the end come and go under load
mod shutdown; // the order of closing, the drain and its report
mod sizes;
mod soak; // all of it at once, with what goes wrong: every message is accounted for
mod soak_classes; // the same with the classes of traffic
mod undelivered; // what nobody came for, handed back

// Groups that acknowledge
mod acks; // what leaves them, and what comes again
mod acks_ends; // as their channels end, and as they are joined
mod acks_in_lanes;
mod acks_requests; // and serve
mod dead_letters; // where what is given up goes
mod keys; // one of a key at a time, or keys that take turns
mod settled; // the sender is told

// Requests
mod deadlines; // stages of expiry, never early, skipped before the handler
mod gathering; // one question, answers of several groups
mod overflow;
mod patterns; // request_with_timeout, serve
mod protocol; // messages with several reply types, declared and by hand
mod reply_streams; // one question, many rows: backpressure both ways, and every way to end
mod requests; // replies, late replies, groups, observers

// The house
mod accounts; // accepted = taken + skipped + left, at every moment
mod blocking; // plain threads, spawn_blocking, async context
mod bypass; // every short pattern of arrivals: which lane's turn it is
mod combinations; // what rarely meets: pauses and lapses, permits and a smaller capacity
mod edges; // wakers dropped late, readers that leave with work in flight, runtimes without a clock
mod events; // what is told to tracing
mod expiry;
mod facts; // who waits, by task, line and stage
mod lanes;
mod latest;
mod layers; // imports run downward only
mod mux; // several channels through one receiver
mod opening; // names, types, options, conflicts
mod payloads; // addresses and clones
mod scenarios; // the registry as a program uses it
mod semantics_page; // docs/semantics.md names tests that exist
mod serde_round_trip; // every message, reply and fault of the preset, through JSON and CBOR
mod times; // how long messages wait and are worked on
mod traces; // what a tracer is told, and what goes with a message
mod user_code; // Drop, Clone and handlers that misbehave
mod user_wakers; // wakers that misbehave
mod wire; // names and replies of what can leave the process

// Random lists of operations against a model
mod model; // a lossless channel: a VecDeque of what was accepted, and cursors
mod model_acks; // a group that acknowledges, on a paused clock
mod model_explain; // deadlocks: a search through all that can still happen
mod model_gathering; // questions to each of several groups, which come and go
mod model_joint; // all classes of traffic at once
mod model_lanes;
mod model_lossy; // a broadcast that keeps its last messages
mod model_mux; // sources of several priorities, and who may come when
mod model_reads; // the ways to read, for the first of them
mod model_requests; // requests of two groups on a paused clock
mod model_streams; // a reply stream of two handlers, with every end
mod model_views; // what each reader has, for model_joint
