//! Plays a demonstration and prints what is told of it.

use std::{fmt::Display, process::ExitCode, thread, time::Duration};

use clap::ValueEnum as _;
use stratoswarm_core::Fabric;

use super::{DemoOptions, Failure, looked_at};
use crate::{
    demo::{explain, watch_twin},
    report::{self, JsonVerdicts},
};

/// The exit code where something is stuck or slow.
const STUCK: u8 = 3;

/// For how long it can be looked at from outside, if nothing else is stated.
const SHOWN: Duration = Duration::from_secs(60);

pub(super) fn demo(options: &DemoOptions) -> Result<ExitCode, Failure> {
    let &DemoOptions { scene, twin, json, seconds, ref listen } = options;
    let (fabric, is_shown) = (Fabric::new(), listen.listen.is_some());
    let _console = if twin { None } else { looked_at::start(listen, &fabric)? };
    let limit = seconds.unwrap_or(if is_shown { SHOWN } else { scene.limit() });
    let value = scene.to_possible_value();
    let about = value.as_ref().and_then(|value| Some(format!("{}: {}", value.get_name(), value.get_help()?)));
    if !json {
        print(about.unwrap_or_default() + if twin { ", on tokio's channels\n" } else { "\n" })?;
    }
    let failed = |error: &dyn Display| Failure::Failed(error.to_string());
    if twin {
        let still =
            watch_twin(scene, seconds.unwrap_or(scene.twin_limit())).map_err(|error| failed(&error))?;
        if json {
            print_json(&JsonVerdicts::of_twin(&still))?;
        } else {
            print(still)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let explained = explain(scene, fabric, limit).map_err(|error| failed(&error))?;
    let verdicts = &explained.verdicts;
    if json {
        print_json(&JsonVerdicts::new(verdicts))?;
    } else if verdicts.is_empty() {
        print(format_args!("Nothing to tell in {:.1} s: all is well.", explained.watched.as_secs_f64()))?;
    } else {
        for verdict in verdicts {
            print(verdict)?;
        }
        if let Some(ending) = explained.ending() {
            print(format_args!("Then the deadline passed: {ending}"))?;
        }
    }
    if is_shown {
        thread::sleep(limit.saturating_sub(explained.watched));
    }
    Ok(if verdicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(STUCK) })
}

fn print(text: impl Display) -> Result<(), Failure> {
    report::print(text).map_err(|error| Failure::Failed(format!("standard output: {error}")))
}

fn print_json(verdicts: &JsonVerdicts<'_>) -> Result<(), Failure> {
    print(
        serde_json::to_string(verdicts)
            .map_err(|error| Failure::Failed(format!("the result cannot be written as JSON: {error}")))?,
    )
}
