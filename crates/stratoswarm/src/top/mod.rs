//! `top`: looks at a swarm in another process, by what that serves.
//!
//! A thread asks for the figures, by HTTP over the process' socket, and another one reads the keys. The state of the screen takes
//! what comes of both, and a picture is drawn of it; neither of these touches a socket, a terminal or a clock.

mod detail;
mod dot;
mod effect;
mod feed;
mod figure;
#[cfg(test)]
mod fixture;
mod grid;
mod http;
mod input;
mod listener;
mod names;
mod order;
mod page;
mod pages;
mod palette;
mod passing;
mod picture;
mod place;
mod plain;
mod reader_row;
mod row;
mod screen;
mod served;
mod source;
mod state;
mod table;
mod terminal;
mod trouble;
mod view;
mod view_error;
mod wait_row;

pub use view::View;
pub use view_error::ViewError;
