/// What the groups of a channel answered; see [`Channel::request_all`](crate::Channel::request_all).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Gathered, Message};
/// # #[derive(Clone)] struct Vote(u32); impl Message for Vote { type Reply = bool; }
/// let votes = Fabric::new().channel::<Vote>("votes").open()?;
/// let (mut north, mut south) = (votes.join("north"), votes.join("south"));
/// tokio::spawn(async move { north.recv().await.map(|vote| vote.reply(true)) });
/// tokio::spawn(async move { drop(south.recv().await) }); // forgets to answer
/// let Gathered { replies, missing, .. } = votes.request_all(Vote(1)).await?;
/// assert_eq!(replies, [("north".to_owned(), true)]);
/// assert_eq!(missing, ["south"]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gathered<R> {
    /// The groups that answered, with their replies, in the order in which these came.
    pub replies: Vec<(String, R)>,
    /// The groups that were asked and have not answered, in the order in which they joined the channel.
    pub missing: Vec<String>,
}

impl<R> Gathered<R> {
    pub(super) fn new(replies: Vec<(String, R)>, missing: Vec<String>) -> Self {
        Self { replies, missing }
    }
}
