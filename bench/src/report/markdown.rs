//! `--write`: the page `bench/RESULTS.md` and the plots beside it.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use anyhow::Context as _;

use super::{Results, figure, goals, grouped, svg, text};
use crate::{growth, machine::Machine, rivals::before, runtime::Flavor, versions};

/// Packages whose versions stand at the top of the page.
const PACKAGES: [&str; 11] = [
    "stratoswarm-core",
    "tokio",
    "async-channel",
    "flume",
    "kanal",
    "crossfire",
    "tachyonix",
    "thingbuf",
    "async-broadcast",
    "ractor",
    "kameo",
];

/// Writes the page and its plots into this directory.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(directory: &Path, results: &Results) -> anyhow::Result<()> {
    let plots = directory.join("plots");
    fs::create_dir_all(&plots).with_context(|| format!("cannot create {}", plots.display()))?;
    let rivals = svg::rivals(&plots, &results.rows)?;
    let growth = svg::growth(&plots, &results.growth)?;

    let mut page = String::new();
    head(&mut page, results)?;
    goals_table(&mut page, results)?;
    checks(&mut page, results)?;
    cases(&mut page, results)?;
    figures_of_growth(&mut page, results)?;
    floor(&mut page, results)?;
    writeln!(page, "## Plots\n")?;
    for plot in rivals.iter().chain(&growth) {
        writeln!(page, "![{}](plots/{plot})\n", plot.trim_end_matches(".svg"))?;
    }
    let path = directory.join("RESULTS.md");
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn head(page: &mut String, results: &Results) -> fmt::Result {
    let machine: &Machine = &results.machine;
    writeln!(page, "# Results\n")?;
    writeln!(
        page,
        "Written by `{}`; not edited by hand.\n",
        before(|| format!("bench/before {} --write", versions::of(versions::BEFORE)))
            .unwrap_or_else(|| "cargo run --release -p stratoswarm-bench -- --write".to_owned())
    )?;
    writeln!(page, "- Date: {}", machine.date)?;
    writeln!(page, "- Processor: {}", machine.processor)?;
    writeln!(page, "- System: {}", machine.system)?;
    let before = before(|| versions::BEFORE);
    let versions: Vec<String> = PACKAGES
        .into_iter()
        .chain(before)
        .map(|package| format!("{package} {}", versions::of(package)))
        .collect();
    writeln!(page, "- Versions: {}", versions.join(", "))?;
    let (cases, points) = (results.repetitions, growth::REPETITIONS);
    writeln!(page, "- Repetitions: {cases} of each case, {points} of each point of growth\n")?;
    writeln!(
        page,
        "Ours is the shipped library as its users get it: strict capacity, FIFO grants, coop budget, deadlines and\n\
         accounts on. Each repetition runs ours and then the rival, in one process. Times are medians; the ratio is the\n\
         rival's time over ours, so above 1 ours is faster; min and max are the extremes of the single repetitions.\n\
         `multi_thread` has {} workers and is noisy. Absolute times drift from run to run: compare ratios. The allocator\n\
         counts for the memory cases, which costs every allocation of every contender some 10 ns.\n",
        Flavor::WORKERS
    )
}

fn goals_table(page: &mut String, results: &Results) -> fmt::Result {
    writeln!(page, "## Goals\n\nThe worst case of each decides.\n")?;
    writeln!(page, "| goal | outcome | figures | why, where missed |\n|---|---|---|---|")?;
    for judged in goals::judge(&results.rows, &results.verdicts) {
        writeln!(page, "| {} | {} | {} | {} |", judged.goal, judged.outcome, judged.figures, judged.reason)?;
    }
    writeln!(page)
}

fn checks(page: &mut String, results: &Results) -> fmt::Result {
    writeln!(
        page,
        "## Checks\n\n\
         correct: loses, doubles and invents nothing when sends, receives and requests are dropped half way. coop: a\n\
         task that only sends and receives lets its siblings run. fair: a freed place goes to the longest waiting\n\
         sender. exact: accepts as many as it was opened for. A dash: not checked, or the question does not arise.\n"
    )?;
    writeln!(page, "| contender | version | role | correct | coop | fair | exact | seen |")?;
    writeln!(page, "|---|---|---|---|---|---|---|---|")?;
    for v in &results.verdicts {
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            v.rival,
            v.version,
            v.role,
            v.correct,
            v.coop,
            v.fair,
            v.exact,
            text::seen(v)
        )?;
    }
    writeln!(page)
}

fn cases(page: &mut String, results: &Results) -> fmt::Result {
    writeln!(page, "## Cases\n")?;
    let mut family = "";
    for row in &results.rows {
        let this = row.case.split('/').next().unwrap_or_default();
        if this != family {
            if !family.is_empty() {
                writeln!(page)?;
            }
            family = this;
            writeln!(page, "### {family}\n")?;
            writeln!(page, "| case | runtime | rival | ours ns | rival ns | ratio | min | max | besides |")?;
            writeln!(page, "|---|---|---|--:|--:|--:|--:|--:|---|")?;
        }
        writeln!(
            page,
            "| {} | {} | {} {} | {} | {} | {:.2} | {:.2} | {:.2} | {} |",
            row.case,
            row.runtime,
            row.rival,
            row.rival_version,
            figure(row.ours_ns),
            figure(row.rival_ns),
            row.ratio,
            row.min,
            row.max,
            text::details(row)
        )?;
    }
    writeln!(page)
}

fn figures_of_growth(page: &mut String, results: &Results) -> fmt::Result {
    writeln!(
        page,
        "## Growth\n\nExponent: 0 is flat, 1 is linear; from the first point to the last, and of the steepest step.\n"
    )?;
    writeln!(page, "| what | over | contender, runtime | points | exponent | steepest | should be | is |")?;
    writeln!(page, "|---|---|---|---|--:|--:|---|---|")?;
    for series in &results.growth {
        for line in &series.lines {
            let points: Vec<String> =
                line.points.iter().map(|(x, y)| format!("{}: {}", grouped(*x as f64), figure(*y))).collect();
            writeln!(
                page,
                "| {} | {} | {} | {} | {:.2} | {:.2} | {} | {} |",
                series.unit,
                series.over,
                line.label,
                points.join(", "),
                line.exponent(),
                line.steepest(),
                series.bound,
                if series.bound.holds(line) { "yes" } else { "NO" }
            )?;
        }
    }
    writeln!(page)
}

fn floor(page: &mut String, results: &Results) -> fmt::Result {
    writeln!(page, "## Floor\n\nWhat this machine asks for the parts.\n\n| part | ns |\n|---|--:|")?;
    for part in &results.floor {
        writeln!(page, "| {} | {} |", part.part, figure(part.ns))?;
    }
    writeln!(page)
}
