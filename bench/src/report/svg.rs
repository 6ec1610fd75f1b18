//! Plots: ratios of the rivals as bars, growth as lines.
#![allow(clippy::cast_possible_wrap, reason = "pixels")]

use std::path::Path;

use plotters::{coord::Shift, prelude::*};

use crate::{growth::Series, measure::Row, runtime::Flavor};

const WIDTH: u32 = 900;
const BAR: u32 = 15;
const INK: RGBColor = RGBColor(40, 40, 40);
const RULE: RGBColor = RGBColor(215, 215, 215);
const FASTER: RGBColor = RGBColor(46, 125, 110);
const SLOWER: RGBColor = RGBColor(190, 80, 60);
const LINES: [RGBColor; 6] = [
    RGBColor(46, 125, 110),
    RGBColor(150, 150, 150),
    RGBColor(30, 90, 160),
    RGBColor(200, 140, 60),
    RGBColor(130, 80, 150),
    RGBColor(90, 60, 40),
];

/// One plot per family of cases; gives the files' names.
///
/// # Errors
/// A file cannot be written.
pub(super) fn rivals(directory: &Path, rows: &[Row]) -> anyhow::Result<Vec<String>> {
    let mut families: Vec<String> = Vec::new();
    for row in rows {
        let family = family(&row.case);
        if !families.contains(&family) {
            families.push(family);
        }
    }
    let mut files = Vec::new();
    for name in families {
        let of_family: Vec<&Row> = rows.iter().filter(|row| family(&row.case) == name).collect();
        let file = format!("{name}.svg");
        bars(&directory.join(&file), &name, &of_family)?;
        files.push(file);
    }
    Ok(files)
}

/// `queue/4x1/1000` is drawn with its capacities, `gated/3/1000` with its numbers of subscribers.
fn family(case: &str) -> String {
    let mut parts = case.split('/');
    match (parts.next(), parts.next()) {
        (Some(first @ ("queue" | "batch")), Some(second)) => format!("{first}-{second}"),
        (first, _) => first.unwrap_or_default().to_owned(),
    }
}

/// A horizontal bar per row, its whisker from the lowest to the highest repetition, a line at 1.
fn bars(path: &Path, family: &str, rows: &[&Row]) -> anyhow::Result<()> {
    /// Where the bars begin, and the room at the head and at the right.
    const LEFT: i32 = 330;
    const TOP: i32 = 50;
    const RIGHT: i32 = 60;
    let height = TOP as u32 + (rows.len() as u32 + 1) * BAR;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = rows.iter().map(|row| row.max).fold(2.0, f64::max).min(10.0);
    let x = |ratio: f64| LEFT + (ratio.min(most) / most * f64::from(WIDTH as i32 - LEFT - RIGHT)) as i32;

    let title = format!("{family}: time of the rival / time of ours (above 1 ours is faster)");
    root.draw_text(&title, &style(15), (10, 10))?;
    let bottom = height as i32 - BAR as i32;
    for ratio in 0..=most as i32 {
        let at = x(f64::from(ratio));
        let color = if ratio == 1 { INK } else { RULE };
        root.draw(&PathElement::new(vec![(at, TOP - 4), (at, bottom)], color))?;
        root.draw_text(&ratio.to_string(), &style(11), (at - 3, TOP - 18))?;
    }
    for (y, row) in (TOP..).step_by(BAR as usize).zip(rows) {
        let runtime = if row.runtime == Flavor::CurrentThread { "ct" } else { "mt" };
        let label = format!("{} {runtime}  {} {}", row.case, row.rival, row.rival_version);
        root.draw_text(&label, &style(11), (10, y))?;
        let color = if row.ratio >= 1.0 { FASTER } else { SLOWER };
        root.draw(&Rectangle::new([(x(0.0), y + 2), (x(row.ratio), y + BAR as i32 - 3)], color.filled()))?;
        let middle = y + BAR as i32 / 2;
        root.draw(&PathElement::new(vec![(x(row.min), middle), (x(row.max), middle)], INK))?;
        root.draw_text(&format!("{:.2}", row.ratio), &style(11), (x(row.max.max(row.ratio)) + 6, y))?;
    }
    root.present()?;
    Ok(())
}

/// One plot per growing quantity, both axes logarithmic; gives the files' names.
///
/// # Errors
/// A file cannot be written.
pub(super) fn growth(directory: &Path, all: &[Series]) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for series in all {
        let file = format!("growth-{}.svg", series.name);
        let path = directory.join(&file);
        lines(&SVGBackend::new(&path, (WIDTH, 420)).into_drawing_area(), series)?;
        files.push(file);
    }
    Ok(files)
}

fn lines(root: &DrawingArea<SVGBackend<'_>, Shift>, series: &Series) -> anyhow::Result<()> {
    root.fill(&WHITE)?;
    let points = || series.lines.iter().flat_map(|line| &line.points);
    let (first, last) = (points().map(|p| p.0).min().unwrap_or(1), points().map(|p| p.0).max().unwrap_or(2));
    let low = points().map(|p| p.1).fold(f64::INFINITY, f64::min) * 0.7;
    let high = points().map(|p| p.1).fold(1.0, f64::max) * 1.5;

    let mut chart = ChartBuilder::on(root)
        .caption(format!("{} over {}", series.unit, series.over), style(15))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((first..last).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RULE)
        .x_desc(series.over)
        .y_desc(series.unit)
        .label_style(style(11))
        .draw()?;
    for (line, color) in series.lines.iter().zip(LINES.into_iter().cycle()) {
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), color.stroke_width(2)).point_size(3))?
            .label(&line.label)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(style(11))
        .draw()?;
    root.present()?;
    Ok(())
}

fn style(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}
