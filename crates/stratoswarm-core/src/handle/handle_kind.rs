use std::fmt;

/// What a handle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandleKind {
    Channel,
    Broadcast,
    Receiver,
    Subscriber,
    LossySubscriber,
    Recorder,
}

impl HandleKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Channel => "Channel",
            Self::Broadcast => "Broadcast",
            Self::Receiver => "Receiver",
            Self::Subscriber => "Subscriber",
            Self::LossySubscriber => "LossySubscriber",
            Self::Recorder => "Recorder",
        }
    }
}

impl fmt::Display for HandleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
