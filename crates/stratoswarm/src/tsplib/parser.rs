//! Reads whole files: the specification part, then the sections.

use super::{
    Instance, MAX_CITIES, TourFile, TspError, WeightFormat, WeightType,
    error::quoted,
    keyword::{KEYWORDS, Keyword},
    lines::Lines,
    sections::{coordinates, skip_display, tour, weights},
    weight_format::WEIGHT_FORMATS,
    weight_type::WEIGHT_TYPES,
};

/// Reads a TSPLIB instance (`TYPE: TSP`).
///
/// Keywords may be of any case, with or without the colon; comments may hold any bytes; `EOF` may be missing. Memory
/// grows with the file, never with what its `DIMENSION` claims.
///
/// # Errors
/// Anything else than the format in the [module's table](crate::tsplib), with the line at fault.
///
/// # Examples
/// ```
/// use stratoswarm::tsplib::parse_instance;
///
/// let text = "NAME: pair\nTYPE: TSP\nDIMENSION: 2\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3 4\nEOF\n";
/// assert_eq!(parse_instance(text.as_bytes())?.weight(0, 1), 5);
///
/// let refused = parse_instance(text.replace("2 3 4", "2 3 nan").as_bytes()).unwrap_err();
/// assert_eq!(refused.line, Some(7));
/// # Ok::<(), stratoswarm::tsplib::TspError>(())
/// ```
pub fn parse_instance(bytes: &[u8]) -> Result<Instance, TspError> {
    let mut parser = Parser::new(bytes, "TSP");
    let mut points = None;
    let mut below = None;
    while let Some((keyword, line)) = parser.next_section()? {
        match keyword {
            Keyword::Coords => {
                let cities = parser.required_dimension(line, keyword)?;
                let kind = parser.required_weight_type(line, keyword)?;
                if kind == WeightType::Explicit {
                    return Err(TspError::at(
                        line,
                        "NODE_COORD_SECTION with EDGE_WEIGHT_TYPE EXPLICIT",
                        "EDGE_WEIGHT_SECTION, or DISPLAY_DATA_SECTION for the picture",
                    ));
                }
                once(points.is_some(), line, keyword)?;
                points = Some(coordinates(&mut parser.lines, cities, kind)?);
            }
            Keyword::Weights => {
                let cities = parser.required_dimension(line, keyword)?;
                let kind = parser.required_weight_type(line, keyword)?;
                if kind != WeightType::Explicit {
                    let problem = format!("EDGE_WEIGHT_SECTION with EDGE_WEIGHT_TYPE {kind}");
                    return Err(TspError::at(
                        line,
                        problem,
                        "NODE_COORD_SECTION, or EDGE_WEIGHT_TYPE EXPLICIT",
                    ));
                }
                let Some(format) = parser.weight_format else {
                    let problem = "EDGE_WEIGHT_SECTION before EDGE_WEIGHT_FORMAT";
                    return Err(TspError::at(line, problem, WEIGHT_FORMATS));
                };
                once(below.is_some(), line, keyword)?;
                below = Some(weights(&mut parser.lines, cities, format)?);
            }
            Keyword::Display => skip_display(&mut parser.lines),
            _ => {
                let problem = format!("{} in an instance", keyword.name());
                return Err(TspError::at(
                    line,
                    problem,
                    "NODE_COORD_SECTION, EDGE_WEIGHT_SECTION, DISPLAY_DATA_SECTION",
                ));
            }
        }
    }
    let line = parser.lines.number();
    if line == 0 {
        return Err(TspError::whole("the file is empty", "a TSPLIB instance"));
    }
    let cities = parser.required_dimension(line, Keyword::Eof)?;
    let kind = parser.required_weight_type(line, Keyword::Eof)?;
    let missing = |section| Err(TspError::at(line, format!("the file ends without {section}"), section));
    if kind == WeightType::Explicit {
        let Some(below) = below else { return missing("EDGE_WEIGHT_SECTION") };
        return Instance::from_weights(&parser.name, cities, below);
    }
    let Some(points) = points else { return missing("NODE_COORD_SECTION") };
    Instance::from_points(&parser.name, kind, &points)
}

/// Reads a TSPLIB tour (`TYPE: TOUR`), whose `DIMENSION` may be missing.
///
/// # Errors
/// Anything else than the format, a node twice, or not as many nodes as `DIMENSION` says; with the line at fault.
pub fn parse_tour(bytes: &[u8]) -> Result<TourFile, TspError> {
    let mut parser = Parser::new(bytes, "TOUR");
    let mut nodes = None;
    while let Some((keyword, line)) = parser.next_section()? {
        if keyword != Keyword::Tour {
            return Err(TspError::at(line, format!("{} in a tour", keyword.name()), "TOUR_SECTION"));
        }
        once(nodes.is_some(), line, keyword)?;
        nodes = Some(tour(&mut parser.lines, parser.dimension)?);
    }
    let Some(nodes) = nodes else {
        return Err(match parser.lines.number() {
            0 => TspError::whole("the file is empty", "a TSPLIB tour"),
            line => TspError::at(line, "the file ends without TOUR_SECTION", "TOUR_SECTION"),
        });
    };
    Ok(TourFile { name: parser.name, comment: parser.comment, nodes })
}

/// The specification part, read so far.
struct Parser<'a> {
    lines: Lines<'a>,
    /// The one `TYPE` that is accepted.
    wanted: &'static str,
    seen: Vec<Keyword>,
    name: String,
    comment: String,
    dimension: Option<usize>,
    weight_type: Option<WeightType>,
    weight_format: Option<WeightFormat>,
    /// The line of `EDGE_WEIGHT_FORMAT: FUNCTION`.
    function: Option<u64>,
}

impl<'a> Parser<'a> {
    fn new(bytes: &'a [u8], wanted: &'static str) -> Self {
        Self {
            lines: Lines::new(bytes),
            wanted,
            seen: Vec::new(),
            name: String::new(),
            comment: String::new(),
            dimension: None,
            weight_type: None,
            weight_format: None,
            function: None,
        }
    }

    /// Reads values up to the next section and returns its keyword and line; none at the end of the file.
    fn next_section(&mut self) -> Result<Option<(Keyword, u64)>, TspError> {
        while let Some(text) = self.lines.next() {
            let line = self.lines.number();
            let (keyword, value) = Keyword::split(&text).map_err(|word| self.unknown(line, word))?;
            match keyword {
                Keyword::Eof => return Ok(None),
                Keyword::Comment => {
                    if self.comment.is_empty() {
                        value.clone_into(&mut self.comment);
                    }
                }
                Keyword::Name
                | Keyword::Type
                | Keyword::Dimension
                | Keyword::WeightType
                | Keyword::WeightFormat
                | Keyword::CoordType
                | Keyword::DisplayType => {
                    once(self.seen.contains(&keyword), line, keyword)?;
                    self.seen.push(keyword);
                    self.value(line, keyword, value)?;
                }
                Keyword::Fixed => {
                    return Err(TspError::at(
                        line,
                        "fixed edges are not supported",
                        "an instance without them",
                    ));
                }
                Keyword::Coords | Keyword::Weights | Keyword::Display | Keyword::Tour => {
                    return Ok(Some((keyword, line)));
                }
            }
        }
        Ok(None)
    }

    fn value(&mut self, line: u64, keyword: Keyword, value: &str) -> Result<(), TspError> {
        let refuse = |accepted: &str| {
            let problem = format!("{} {} is not supported", keyword.name(), quoted(value));
            Err(TspError::at(line, problem, accepted))
        };
        match keyword {
            Keyword::Name => value.clone_into(&mut self.name),
            Keyword::Type => {
                // Some files name the contributor behind the type: "TSP (M.~Hofmeister)".
                let word = value.split_whitespace().next().unwrap_or_default();
                if !word.eq_ignore_ascii_case(self.wanted) {
                    return refuse(self.wanted);
                }
            }
            Keyword::Dimension => match value.parse() {
                Ok(cities) if (2..=MAX_CITIES).contains(&cities) => self.dimension = Some(cities),
                _ => {
                    let problem = format!("DIMENSION {}", quoted(value));
                    return Err(TspError::at(
                        line,
                        problem,
                        format!("a whole number from 2 to {MAX_CITIES}"),
                    ));
                }
            },
            Keyword::WeightType => match value.parse() {
                Ok(kind) => self.weight_type = Some(kind),
                Err(()) => return refuse(WEIGHT_TYPES),
            },
            Keyword::WeightFormat => match value.to_ascii_uppercase().as_str() {
                // The weights are then a function of the coordinates, as EDGE_WEIGHT_TYPE says anyway.
                "FUNCTION" => self.function = Some(line),
                name => match name.parse() {
                    Ok(format) => self.weight_format = Some(format),
                    Err(()) => return refuse(WEIGHT_FORMATS),
                },
            },
            Keyword::CoordType
                if !["TWOD_COORDS", "NO_COORDS"].iter().any(|kind| value.eq_ignore_ascii_case(kind)) =>
            {
                return refuse("TWOD_COORDS, NO_COORDS");
            }
            // How to draw the cities does not matter here.
            _ => {}
        }
        match (self.weight_type, self.function) {
            (Some(WeightType::Explicit), Some(line)) => Err(TspError::at(
                line,
                "EDGE_WEIGHT_FORMAT FUNCTION is not accepted with EDGE_WEIGHT_TYPE EXPLICIT",
                WEIGHT_FORMATS,
            )),
            _ => Ok(()),
        }
    }

    fn unknown(&self, line: u64, word: &str) -> TspError {
        let number = word.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
        match (number, self.dimension) {
            (true, Some(cities)) => TspError::at(
                line,
                format!("more data than DIMENSION {cities} asks for, beginning with {}", quoted(word)),
                "as many entries as DIMENSION says, then a keyword or EOF",
            ),
            _ => TspError::at(line, format!("{} is no keyword", quoted(word)), KEYWORDS),
        }
    }

    fn required_dimension(&self, line: u64, before: Keyword) -> Result<usize, TspError> {
        self.dimension.ok_or_else(|| {
            TspError::at(
                line,
                format!("{} before DIMENSION", place(before)),
                "DIMENSION: the number of cities, first",
            )
        })
    }

    fn required_weight_type(&self, line: u64, before: Keyword) -> Result<WeightType, TspError> {
        self.weight_type.ok_or_else(|| {
            TspError::at(line, format!("{} before EDGE_WEIGHT_TYPE", place(before)), WEIGHT_TYPES)
        })
    }
}

/// Where something is missing, at a section or at the file's end, with or without a line that says `EOF`.
fn place(before: Keyword) -> &'static str {
    if before == Keyword::Eof { "the file ends" } else { before.name() }
}

fn once(again: bool, line: u64, keyword: Keyword) -> Result<(), TspError> {
    if again {
        return Err(TspError::at(line, format!("{} for the second time", keyword.name()), "one"));
    }
    Ok(())
}
