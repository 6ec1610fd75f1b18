use std::fmt::Debug;

/// What the body of a test returns: nothing, or a `Result` of nothing.
pub trait Outcome {
    /// Why it failed, if it did.
    ///
    /// # Errors
    /// It failed.
    fn judge(self) -> Result<(), String>;
}

impl Outcome for () {
    fn judge(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Debug> Outcome for Result<(), E> {
    fn judge(self) -> Result<(), String> {
        self.map_err(|error| format!("returned an error: {error:?}"))
    }
}
