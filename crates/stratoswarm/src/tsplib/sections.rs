//! Reads the data part: the entries below a section's keyword.

use super::{
    MAX_WEIGHT, TspError, WeightFormat, WeightType, error::quoted, keyword::Keyword, lines::Lines,
    weight_type::GEO_RANGE,
};

/// `NODE_COORD_SECTION`: one `node x y` a line, each node of 1 to `cities` once, in any order.
pub(super) fn coordinates(
    lines: &mut Lines<'_>,
    cities: usize,
    kind: WeightType,
) -> Result<Vec<(f64, f64)>, TspError> {
    let form = || format!("NODE X Y, NODE from 1 to {cities}, finite numbers");
    // At most MAX_CITIES places, whatever the file claims.
    let mut points = vec![None; cities];
    for found in 0..cities {
        let Some(text) = next_entry(lines) else {
            return Err(truncated(lines, "NODE_COORD_SECTION", found, cities, "nodes"));
        };
        let line = lines.number();
        let mut words = text.split_whitespace();
        let (Some(node), Some(x), Some(y), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(TspError::at(line, format!("{} is no node", quoted(&text)), form()));
        };
        let number = |word: &str| match word.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(TspError::at(line, format!("coordinate {}", quoted(word)), form())),
        };
        let Some(index) = node_number(node, cities) else {
            return Err(TspError::at(line, format!("node {}", quoted(node)), form()));
        };
        let point = (number(x)?, number(y)?);
        if let Some(problem) = kind.out_of_range(point) {
            return Err(TspError::at(line, problem, GEO_RANGE));
        }
        if points[index].replace(point).is_some() {
            return Err(TspError::at(
                line,
                format!("node {} for the second time", index + 1),
                "every node once",
            ));
        }
    }
    // As many entries as nodes and none twice: none is missing.
    Ok(points.into_iter().flatten().collect())
}

/// `EDGE_WEIGHT_SECTION`: the weights below the diagonal, row by row; the file may break its lines anywhere.
pub(super) fn weights(
    lines: &mut Lines<'_>,
    cities: usize,
    format: WeightFormat,
) -> Result<Vec<i32>, TspError> {
    let expected: usize = (0..cities).map(|row| format.columns(row, cities).len()).sum();
    let mut listed: Vec<i32> = Vec::new();
    let mirror = Mirror { format, cities };
    let mut cell = Cell::first(format, cities);
    while listed.len() < expected {
        let Some(text) = next_entry(lines) else {
            return Err(truncated(lines, "EDGE_WEIGHT_SECTION", listed.len(), expected, "weights"));
        };
        let line = lines.number();
        for word in text.split_whitespace() {
            if listed.len() == expected {
                return Err(TspError::at(
                    line,
                    format!("more than the {expected} weights of a {format} for {cities} cities"),
                    "a DIMENSION and EDGE_WEIGHT_FORMAT that fit the weights",
                ));
            }
            let weight = word.parse::<i32>().ok().filter(|weight| *weight >= 0).ok_or_else(|| {
                TspError::at(
                    line,
                    format!("weight {}", quoted(word)),
                    format!("a whole number from 0 to {MAX_WEIGHT}"),
                )
            })?;
            mirror.check(line, cell, weight, &listed)?;
            listed.push(weight);
            cell.advance(format, cities);
        }
    }
    Ok(below_diagonal(&listed, cities, format))
}

/// `TOUR_SECTION`: the nodes in order, then -1; the file may break its lines anywhere. Nodes are counted from 0 here.
pub(super) fn tour(lines: &mut Lines<'_>, dimension: Option<usize>) -> Result<Vec<usize>, TspError> {
    let most = dimension.unwrap_or(super::MAX_CITIES);
    let form = || format!("node numbers from 1 to {most}, each once, then -1");
    let mut nodes: Vec<usize> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    'lines: while let Some(text) = next_entry(lines) {
        let line = lines.number();
        for word in text.split_whitespace() {
            if word == "-1" {
                break 'lines;
            }
            let Some(node) = node_number(word, most) else {
                return Err(TspError::at(line, format!("node {}", quoted(word)), form()));
            };
            if !seen.insert(node) {
                return Err(TspError::at(line, format!("node {} for the second time", node + 1), form()));
            }
            nodes.push(node);
        }
    }
    // Some tours of the library have a second -1 behind the last.
    while lines.peek().is_some_and(|text| text == "-1") {
        lines.next();
    }
    match dimension {
        Some(cities) if nodes.len() != cities => {
            Err(truncated(lines, "TOUR_SECTION", nodes.len(), cities, "nodes"))
        }
        _ => match nodes.iter().max() {
            None => Err(TspError::at(lines.number(), "TOUR_SECTION has no node", form())),
            Some(&greatest) if greatest >= nodes.len() => Err(TspError::at(
                lines.number(),
                format!("TOUR_SECTION has node {} but only {} nodes", greatest + 1, nodes.len()),
                "every node from 1 to the greatest once",
            )),
            Some(_) => Ok(nodes),
        },
    }
}

/// `DISPLAY_DATA_SECTION`: how to draw the cities, of no interest.
pub(super) fn skip_display(lines: &mut Lines<'_>) {
    while next_entry(lines).is_some() {}
}

/// The next line, unless it opens with a keyword.
fn next_entry<'a>(lines: &mut Lines<'a>) -> Option<std::borrow::Cow<'a, str>> {
    if Keyword::split(lines.peek()?.as_ref()).is_ok() {
        return None;
    }
    lines.next()
}

fn node_number(word: &str, cities: usize) -> Option<usize> {
    word.parse::<usize>().ok().filter(|node| (1..=cities).contains(node)).map(|node| node - 1)
}

fn truncated(lines: &Lines<'_>, section: &str, found: usize, expected: usize, what: &str) -> TspError {
    TspError::at(
        lines.number(),
        format!("{section} ends after {found} of {expected} {what}"),
        format!("{expected} {what}, as DIMENSION says"),
    )
}

/// Where in the matrix the next listed weight belongs.
#[derive(Clone, Copy)]
struct Cell {
    row: usize,
    column: usize,
}

impl Cell {
    fn first(format: WeightFormat, cities: usize) -> Self {
        let mut cell = Self { row: 0, column: format.columns(0, cities).start };
        cell.skip_empty_rows(format, cities);
        cell
    }

    fn advance(&mut self, format: WeightFormat, cities: usize) {
        self.column += 1;
        self.skip_empty_rows(format, cities);
    }

    fn skip_empty_rows(&mut self, format: WeightFormat, cities: usize) {
        while self.row < cities && self.column >= format.columns(self.row, cities).end {
            self.row += 1;
            self.column = format.columns(self.row, cities).start;
        }
    }
}

/// Holds a full matrix to its symmetry while it is read, so that the message can name the line.
struct Mirror {
    format: WeightFormat,
    cities: usize,
}

impl Mirror {
    fn check(&self, line: u64, cell: Cell, weight: i32, listed: &[i32]) -> Result<(), TspError> {
        if self.format != WeightFormat::FullMatrix || cell.column >= cell.row {
            return Ok(());
        }
        let above = listed[cell.column * self.cities + cell.row];
        if above == weight {
            return Ok(());
        }
        let (row, column) = (cell.row + 1, cell.column + 1);
        Err(TspError::at(
            line,
            format!("the weight from {row} to {column} is {weight}, from {column} to {row} it is {above}"),
            "a symmetric matrix",
        ))
    }
}

fn below_diagonal(listed: &[i32], cities: usize, format: WeightFormat) -> Vec<i32> {
    let mut below = vec![0; cities * (cities - 1) / 2];
    let mut values = listed.iter();
    for row in 0..cities {
        for (column, &weight) in format.columns(row, cities).zip(&mut values) {
            if row != column {
                let (row, column) = if row > column { (row, column) } else { (column, row) };
                below[row * (row - 1) / 2 + column] = weight;
            }
        }
    }
    below
}
