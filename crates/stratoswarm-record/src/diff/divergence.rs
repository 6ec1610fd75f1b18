use std::{borrow::Cow, fmt};

use crate::shortened::shortened;

/// How much of a message is shown.
const MOST_TEXT: usize = 500;

/// The first difference between two recordings.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Diff, Recorded, Recording};
/// # let folder = tempfile::tempdir()?;
/// # let mut recorded = Vec::new();
/// # for (name, price) in [("a.mcap", 3), ("b.mcap", 4)] {
/// #     let path = folder.path().join(name);
/// #     let prices = Fabric::new().broadcast::<u32>("prices").open()?;
/// #     let recording = Recording::create(&path).channel(&prices).start()?;
/// #     prices.send(price)?;
/// #     recording.finish().await?;
/// #     recorded.push(Recorded::open([&path])?);
/// # }
/// # let (a, b) = (&recorded[0], &recorded[1]);
/// let divergence = Diff::between(a, b).first()?.ok_or("they are the same")?; // in the one the price is 3, in the other 4
/// assert_eq!(divergence.to_string(), "prices, message 0\n  a: 3\n  b: 4\n");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Divergence {
    /// The channel.
    pub channel: String,
    /// Who sent it, where messages are compared by their senders: a name, or the place where its handles were made.
    pub sender: Option<String>,
    /// The number of the message in the first recording; none if it has no such message.
    pub a_number: Option<u64>,
    /// Its number in the second one.
    pub b_number: Option<u64>,
    /// Where in the message, as a JSON pointer; empty where it is the whole message, or what stands beside it.
    pub path: String,
    /// What is there in the first recording, as JSON.
    pub a: Option<String>,
    /// What is there in the second one.
    pub b: Option<String>,
    /// The messages before it in the first recording, of the same channel, as JSON: up to three, the oldest first.
    pub before: Vec<String>,
    /// Whether messages before it are missing in one of them: then the files cannot tell.
    pub gap_before: bool,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.a_number.or(self.b_number).unwrap_or(0);
        f.write_str(&self.channel)?;
        if let Some(sender) = &self.sender {
            write!(f, ", {sender}")?;
        }
        write!(f, ", message {number}")?;
        if !self.path.is_empty() {
            write!(f, ", at {}", self.path)?;
        }
        f.write_str("\n")?;
        if self.gap_before {
            f.write_str("  messages before it are missing in one of them: the files cannot tell\n")?;
        }
        for message in &self.before {
            writeln!(f, "     {}", short(message))?;
        }
        writeln!(f, "  a: {}", self.a.as_deref().map_or("nothing".into(), short))?;
        writeln!(f, "  b: {}", self.b.as_deref().map_or("nothing".into(), short))
    }
}

/// As much as is read.
fn short(text: &str) -> Cow<'_, str> {
    let beginning = shortened(text, MOST_TEXT);
    if beginning == text { text.into() } else { format!("{beginning} … ({} bytes)", text.len()).into() }
}
