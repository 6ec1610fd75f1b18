//! Looks at a swarm in another process.

use super::{Failure, TopOptions};
use crate::top::{View, ViewError};

pub(super) fn top(options: &TopOptions) -> Result<(), Failure> {
    look(options).map_err(|error| match error {
        ViewError::Refused(why) => Failure::Refused(why),
        ViewError::Failed(why) => Failure::Failed(why),
    })
}

fn look(options: &TopOptions) -> Result<(), ViewError> {
    let TopOptions { pid, url, token, once, json, interval } = options;
    let view = match url {
        Some(url) => View::of_server(url, token.clone())?,
        None => View::of_process(pid.as_deref())?,
    };
    if *once || *json { view.print(*json, *interval) } else { view.show(*interval) }
}
