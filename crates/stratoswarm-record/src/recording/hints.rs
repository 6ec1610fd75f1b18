use crate::mcap::Pairs;

/// What is said of a channel for those who compare its recordings.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Parts of messages that are others in each run.
    pub(super) volatile: Vec<String>,
    /// Parts of messages that have other names in each run.
    pub(super) renamed: Vec<String>,
    /// Senders whose messages have no order.
    pub(super) unordered: Vec<String>,
    /// Senders whose messages are others in each run.
    pub(super) passed_over: Vec<String>,
}

impl Hints {
    /// The first that is to be a path, and is none.
    pub(super) fn wrong(&self) -> Option<&String> {
        let mut paths = self.volatile.iter().chain(&self.renamed);
        paths.find(|path| !path.is_empty() && !path.starts_with('/'))
    }

    /// What the file says of the channel, one in a line.
    pub(super) fn put(&self, into: &mut Pairs) {
        for (name, all) in [
            ("volatile", &self.volatile),
            ("renamed", &self.renamed),
            ("unordered", &self.unordered),
            ("passed_over", &self.passed_over),
        ] {
            if !all.is_empty() || name == "volatile" {
                into.insert(name.to_owned(), all.join("\n"));
            }
        }
    }
}
