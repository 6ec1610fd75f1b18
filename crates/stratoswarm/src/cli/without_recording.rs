//! The commands that record, in a program that is built without them.

use std::{convert::Infallible, process::ExitCode};

use stratoswarm_core::ChannelRegistry;

use super::{Failure, RecordingOptions, ReplayOptions, RunOptions};

/// A recording, of which there is none.
pub(super) struct Recording(Infallible);

impl Recording {
    #[allow(clippy::unused_async)] // as that of recordings
    pub(super) async fn finish(self) -> Result<(), Failure> {
        match self.0 {}
    }
}

pub(super) fn start(options: &RunOptions, _: &ChannelRegistry) -> Result<Option<Recording>, Failure> {
    if options.record.is_some() { Err(Failure::not_built("--record", "record")) } else { Ok(None) }
}

pub(super) fn recording(_: &RecordingOptions) -> Result<ExitCode, Failure> {
    Err(Failure::not_built("recording", "record"))
}

pub(super) fn replay(_: &ReplayOptions) -> Result<ExitCode, Failure> {
    Err(Failure::not_built("replay", "record"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, Options};

    #[test]
    fn what_is_not_built_in_is_refused_with_the_command_that_builds_it() {
        let read = |line: &str| {
            let options = Options::read(line.split_whitespace().map(OsString::from)).unwrap();
            options.unwrap().command
        };
        let Command::Run(options) = read("stratoswarm run a.tsp --record r.mcap") else {
            panic!("another command")
        };
        let Err(refused) = start(&options, &ChannelRegistry::new()) else { panic!("it is recorded") };
        assert!(refused.to_string().starts_with("--record: this program is built without"), "{refused}");
        assert!(refused.to_string().contains("`cargo build --release --features record`"), "{refused}");
        let Command::Run(options) = read("stratoswarm run a.tsp") else { panic!("another command") };
        assert!(start(&options, &ChannelRegistry::new()).is_ok());
        let Command::Recording(options) = read("stratoswarm recording info r.mcap") else {
            panic!("another command")
        };
        assert!(recording(&options).unwrap_err().to_string().starts_with("recording: "));
        let Command::Replay(options) = read("stratoswarm replay r.mcap --pace max") else {
            panic!("another command")
        };
        assert!(replay(&options).unwrap_err().to_string().starts_with("replay: "));
    }
}
