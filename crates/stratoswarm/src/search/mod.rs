//! The search itself, free of channels and clocks: what the device's kernels and the evolution engine run.
//!
//! A local search with 2-opt and Or-opt moves over neighbour lists and a work list of dirty cities (Bentley,
//! "Fast algorithms for geometric traveling salesman problems", 1992), kicked out of its optima by local double
//! bridges (Martin, Otto, Felten, 1991; Johnson and `McGeoch`, 1997), and the operators of a genetic algorithm above it.

mod array_tour;
mod construction;
mod crossover;
mod distances;
mod iterated;
mod local_search;
mod mutation;
mod neighbours;
mod problem;
mod problem_error;
mod seed;
mod selection;

pub use construction::construct;
pub use crossover::{edge_recombination, order_crossover};
pub use distances::Distances;
pub use iterated::iterate;
pub use local_search::LocalSearch;
pub use mutation::double_bridge;
pub use neighbours::Neighbours;
pub use problem::Problem;
pub use problem_error::ProblemError;
pub use seed::stream;
pub use selection::{elitist, rank, roulette, tournament};
