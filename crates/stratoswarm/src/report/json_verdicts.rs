use serde::Serialize;
use stratoswarm_core::Verdict;

use crate::demo::Still;

/// The object that `demo --json` prints, on one line.
#[derive(Debug, Clone, Serialize)]
pub struct JsonVerdicts<'a> {
    verdicts: Vec<JsonVerdict<'a>>,
    /// Of a twin only: for how long nothing has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    still_s: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
struct JsonVerdict<'a> {
    kind: String,
    certain: bool,
    channels: &'a [String],
    tasks: &'a [String],
    sites: &'a [String],
    for_s: f64,
}

impl<'a> JsonVerdicts<'a> {
    /// What was told.
    pub fn new(verdicts: &'a [Verdict]) -> Self {
        let verdicts = verdicts.iter().map(|verdict| JsonVerdict {
            kind: verdict.kind.to_string(),
            certain: verdict.is_certain,
            channels: &verdict.channels,
            tasks: &verdict.tasks,
            sites: &verdict.sites,
            for_s: verdict.lasted.as_secs_f64(),
        });
        Self { verdicts: verdicts.collect(), still_s: None }
    }

    /// What tokio's channels tell: no verdict.
    pub fn of_twin(still: &Still) -> Self {
        Self { verdicts: Vec::new(), still_s: Some(still.still.as_secs_f64()) }
    }
}
