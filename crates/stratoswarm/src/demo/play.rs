use std::{
    future::{Future, pending},
    io,
    pin::Pin,
    sync::mpsc::{Receiver, channel},
    thread,
};

use stratoswarm_core::OpenError;

/// What comes of a demonstration, where it ends.
pub(super) type Ending = Result<String, OpenError>;

/// What is played.
pub(super) type Play<T> = Pin<Box<dyn Future<Output = T>>>;

/// Plays on a runtime of one thread, which goes on until the process ends. What comes of it, comes there.
pub(super) fn play<T: Send + 'static>(
    begin: impl FnOnce() -> Play<T> + Send + 'static,
) -> io::Result<Receiver<T>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ended, ending) = channel();
    let run = move || {
        runtime.block_on(async {
            let _ = ended.send(begin().await);
            pending::<()>().await;
        });
    };
    thread::Builder::new().name("runtime".to_owned()).spawn(run)?;
    Ok(ending)
}
