use std::{io, sync::mpsc::Sender, thread};

use super::input::Input;

/// Runs on a thread of its own. That it has ended, by a panic or because there is nothing more to hear, comes last of its inputs.
///
/// # Errors
/// There can be no thread.
pub(super) fn listen(
    name: &'static str,
    inputs: Sender<Input>,
    run: impl FnOnce(&Sender<Input>) + Send + 'static,
) -> io::Result<()> {
    let last = Last(name, inputs);
    thread::Builder::new().name(name.to_owned()).spawn(move || run(&last.1))?;
    Ok(())
}

struct Last(&'static str, Sender<Input>);

impl Drop for Last {
    fn drop(&mut self) {
        // Where nobody hears it, nobody needs to.
        let _ = self.1.send(Input::Lost(self.0));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_panic_is_heard() {
        let (inputs, came) = channel();
        listen("keys", inputs, |_| std::panic::resume_unwind(Box::new(()))).unwrap();
        assert!(matches!(came.recv(), Ok(Input::Lost("keys"))));
        assert!(came.recv().is_err());
    }
}
