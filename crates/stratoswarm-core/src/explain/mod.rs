//! Why does nothing move? Two looks at a fabric, and what they tell.
//!
//! A [`Look`](look::Look) is read from the queues and lists themselves, one channel after the other. The [`Graph`](graph::Graph)
//! of who waits for what tells which waits can end: a task waits for *any* of its waits, room needs *all* readers that have
//! none, each by *any* of its members. What is not alive by the least fixpoint of that cannot move by itself: the AND/OR form of
//! a deadlock (Hilbrich et al., "MPI runtime error detection with MUST", SC 2012). [`findings`] are what one channel or task
//! tells alone. Whatever is found must be so in both looks, with the same waits and the same positions, so that it held at the
//! moment between them.

mod cycles;
mod explainer;
mod explanation;
mod findings;
mod graph;
mod knot;
mod line;
mod look;
mod quiet;
mod text;
mod verdict;
mod verdict_kind;
mod watch;
mod watch_event;
mod watch_options;

pub use explainer::Explainer;
pub use line::Line;
pub use verdict::Verdict;
pub use verdict_kind::VerdictKind;
pub use watch::Watch;
pub use watch_event::WatchEvent;
pub use watch_options::WatchOptions;
