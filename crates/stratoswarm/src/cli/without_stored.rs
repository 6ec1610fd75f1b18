//! `run --store`, in a program that is built without it.

use std::{marker::PhantomData, sync::Arc};

use super::{Failure, RunOptions};
use crate::{swarm::Shelf, tsplib::Instance};

/// A store, of which there is none.
pub(super) struct Stored<'a>(PhantomData<&'a RunOptions>);

impl<'a> Stored<'a> {
    pub(super) fn prepare(options: &'a RunOptions, _: &Instance) -> Result<Self, Failure> {
        if options.store.is_some() {
            Err(Failure::not_built("--store", "store"))
        } else {
            Ok(Self(PhantomData))
        }
    }

    #[allow(clippy::unnecessary_wraps, clippy::unused_self)] // as that of stores
    pub(super) fn open(self, _: &Instance) -> Result<Option<Arc<dyn Shelf>>, Failure> {
        Ok(None)
    }
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
            match options.unwrap().command {
                Command::Run(options) => options,
                other => panic!("{other:?}"),
            }
        };
        let instance = Instance::from_weights("two", 2, vec![1]).unwrap();
        let asked = read("stratoswarm run a.tsp --store s");
        let Err(refused) = Stored::prepare(&asked, &instance) else { panic!("it is kept") };
        assert!(refused.to_string().starts_with("--store: this program is built without"), "{refused}");
        assert!(refused.to_string().contains("`cargo build --release --features store`"), "{refused}");
        assert!(Stored::prepare(&read("stratoswarm run a.tsp"), &instance).is_ok());
    }
}
