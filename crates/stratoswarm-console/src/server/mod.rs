//! HTTP, for few who ask: `GET` of fixed paths, one request a connection, everything bounded.

mod answer;
mod body;
mod connections;
mod gate;
mod routes;
mod serve;
mod wire;

use answer::Answer;
use body::{Body, Events};
pub(crate) use gate::Gate;
use gate::Refusal;
pub(crate) use routes::Routes;
pub(crate) use serve::{Listeners, serve};
