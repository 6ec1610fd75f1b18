//! Deadlines of requests, without a timer of the runtime for each.
//!
//! Every runtime has one [`Table`] of armed deadlines and one task that sleeps until the earliest of them, on tokio's
//! clock, so that a paused clock works; outside of a runtime there is a table that one lazily started thread serves.
//! A [`Timer`] arms itself at its first poll and disarms itself when it is dropped. Never early; late by the clock's
//! tick at most, as the runtime's own timers.
//!
//! The driver sleeps until the earliest deadline that was armed, also if that request is answered meanwhile; it finds
//! nothing to do then. A runtime without a clock (no `enable_time`) is found out by the driver's panic, which tokio
//! reports once; the thread outside serves it from then on.

mod driver;
mod table;
mod timer;

pub(crate) use timer::Timer;
