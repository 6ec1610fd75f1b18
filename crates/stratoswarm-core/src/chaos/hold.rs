use std::pin::Pin;

/// What an operation waits for before it begins. It may wait for ever, if its task is to be ended there, or panic.
pub type Hold = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;
