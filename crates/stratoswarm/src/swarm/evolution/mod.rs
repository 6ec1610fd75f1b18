//! The evolution: populations of tours, the four ways to choose parents, crossover and mutation.

mod engine;
mod island;
mod member;

pub use engine::Evolution;
pub use island::{CAPACITY, Island, breed};
pub use member::Member;
