use crate::stats::ReaderKind;

/// What a shutdown or a drain found at one reader.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, ReaderKind};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").group("auditors").open()?;
/// let mut worker = jobs.join("workers");
/// for n in 1..=2 { jobs.send(Job(n)).await?; }
/// tokio::spawn(async move { while worker.recv().await.is_some() {} });
/// let report = fabric.shutdown(std::time::Duration::from_secs(5)).await;
/// let auditors = report.channels[0].readers.iter().find(|it| it.name == "auditors").ok_or("none")?;
/// assert_eq!(auditors.kind, ReaderKind::Group);
/// assert_eq!((auditors.drained, auditors.undelivered), (0, 2), "they never came");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ReaderReport {
    /// The group's name; `subscriber` or `tap` with a number for the others.
    pub name: String,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// Messages taken and finished since the shutdown or drain began.
    pub drained: u64,
    /// Messages taken whose `Delivery` or `Responder` still existed at the end.
    pub in_flight: u64,
    /// Messages not taken. Of a lossy reader, which nobody waits for: what it had yet to read.
    pub undelivered: u64,
    /// Of a recorder: why what it was given was not kept any more, if it [was not](crate::Recorder::fail).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub failure: Option<String>,
}
