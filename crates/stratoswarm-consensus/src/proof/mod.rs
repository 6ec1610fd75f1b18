//! Histories of calls against five nodes in bad hours, by seeds, judged by another's checker; and planted faults that it must find.
//!
//! `STRATOSWARM_SEEDS=1000 cargo test --release -p stratoswarm-consensus --lib proof -- --nocapture` runs more seeds than the ordinary
//! test does, `STRATOSWARM_SEED=7` one of them.

mod ballot;
mod clients;
mod faults;
mod history;
mod lease_spec;
mod ledger_spec;
mod register_spec;
mod rewriting;
mod seeds;
mod trial;
