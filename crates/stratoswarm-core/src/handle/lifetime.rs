use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::request::{AnyResponder, ExpiryCell};

/// How long a message is good for that is only sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lifetime {
    /// From its acceptance on.
    pub(crate) after: Option<Duration>,
    /// Until when in any case.
    pub(crate) until: Option<Instant>,
}

impl Lifetime {
    pub(crate) fn of(after: Duration) -> Self {
        Self { after: Some(after), until: None }
    }

    /// The expiry of a message that is accepted now.
    pub(crate) fn expiry(&self) -> AnyResponder {
        // A time beyond the clock's end is no deadline.
        let own = self.after.and_then(|after| Instant::now().checked_add(after));
        let deadline = own.into_iter().chain(self.until).min();
        deadline
            .map_or(AnyResponder::none(), |deadline| AnyResponder::first(Arc::new(ExpiryCell::new(deadline))))
    }
}
