//! The same, in a program that is built without it.

use std::convert::Infallible;

use stratoswarm_core::Fabric;

use super::{Failure, ListenOptions, TopOptions};

/// What shows the channels, of which there is none.
pub(super) fn start(options: &ListenOptions, _: &Fabric) -> Result<Option<Infallible>, Failure> {
    if options.listen.is_some() { Err(Failure::not_built("--listen", "console")) } else { Ok(None) }
}

pub(super) fn top(_: &TopOptions) -> Result<(), Failure> {
    Err(Failure::not_built("top", "console"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, Options};

    fn read(line: &str) -> Command {
        Options::read(line.split_whitespace().map(OsString::from)).unwrap().unwrap().command
    }

    #[test]
    fn what_is_not_built_in_is_refused_with_the_command_that_builds_it() {
        let Command::Run(asked) = read("stratoswarm run a.tsp --listen 127.0.0.1:1") else { panic!() };
        let Command::Run(quiet) = read("stratoswarm run a.tsp") else { panic!() };
        let Command::Top(look) = read("stratoswarm top 4711") else { panic!() };
        let built = "this program is built without it; accepted: one that is built by \
                     `cargo build --release --features console`";
        let refused = start(&asked.listen, &Fabric::new()).unwrap_err();
        assert_eq!(refused.to_string(), format!("--listen: {built}"));
        assert_eq!(top(&look).unwrap_err().to_string(), format!("top: {built}"));
        assert!(start(&quiet.listen, &Fabric::new()).is_ok());
    }
}
