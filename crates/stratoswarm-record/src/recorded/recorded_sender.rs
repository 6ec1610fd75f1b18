use stratoswarm_core::SenderInfo;

use crate::mcap::Pairs;

/// Who sent messages on a recorded channel: all handles of one name, or those without one that were made in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedSender {
    /// What its messages have.
    pub id: u32,
    /// What its handles were called.
    pub name: Option<String>,
    /// Where the first of them was made, as `file:line:column`.
    pub site: String,
}

impl RecordedSender {
    /// Its name, or else its site: what it is known by in another recording, too.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.site)
    }

    /// What metadata tell of it, and how they are called.
    pub(crate) fn metadata(&self, channel: &str) -> (String, Pairs) {
        let told =
            self.name.as_ref().map_or_else(|| self.site.clone(), |name| format!("{}\n{name}", self.site));
        (sender_metadata(channel, self.id), Pairs::from([(self.id.to_string(), told)]))
    }

    pub(crate) fn new(sender: &SenderInfo) -> Self {
        Self { id: sender.id, name: sender.name.clone(), site: sender.location.to_string() }
    }

    /// What metadata tell of senders, by their ids: the site, and in the next line the name.
    pub(super) fn read(id: &str, told: &str) -> Option<Self> {
        let (site, name) = match told.split_once('\n') {
            Some((site, name)) => (site, Some(name.to_owned())),
            None => (told, None),
        };
        Some(Self { id: id.parse().ok()?, name, site: site.to_owned() })
    }
}

/// How the metadata are called that tell of senders, up to the name of their channel.
const SENDERS: &str = "sender ";

/// How the metadata are called that tell of this sender of a channel.
fn sender_metadata(channel: &str, id: u32) -> String {
    format!("{SENDERS}{id} of {channel}")
}

/// The channel of whose senders metadata of this name tell.
pub(super) fn channel_of_senders(metadata: &str) -> Option<&str> {
    metadata.strip_prefix(SENDERS)?.split_once(" of ").map(|(_, channel)| channel)
}
