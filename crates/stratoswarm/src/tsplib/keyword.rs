//! The keywords that may open a line.

/// A keyword of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Name,
    Comment,
    Type,
    Dimension,
    WeightType,
    WeightFormat,
    CoordType,
    DisplayType,
    Coords,
    Weights,
    Display,
    Tour,
    Fixed,
    Eof,
}

/// Every keyword, as messages list them.
pub(super) const KEYWORDS: &str = "NAME, TYPE, COMMENT, DIMENSION, EDGE_WEIGHT_TYPE, EDGE_WEIGHT_FORMAT, \
     NODE_COORD_TYPE, DISPLAY_DATA_TYPE, NODE_COORD_SECTION, EDGE_WEIGHT_SECTION, DISPLAY_DATA_SECTION, TOUR_SECTION, EOF";

impl Keyword {
    /// Splits a line into its keyword and the value behind the colon; the word itself where it is none.
    pub(super) fn split(line: &str) -> Result<(Self, &str), &str> {
        let (word, value) = match line.split_once(':') {
            Some((word, value)) => (word.trim(), value.trim()),
            // A section's name stands alone; some files leave the colon of a value out.
            None => {
                line.split_once(char::is_whitespace).map_or((line, ""), |(word, value)| (word, value.trim()))
            }
        };
        Self::from_word(word).map(|keyword| (keyword, value)).ok_or(word)
    }

    fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "NAME" => Self::Name,
            "COMMENT" => Self::Comment,
            "TYPE" => Self::Type,
            "DIMENSION" => Self::Dimension,
            "EDGE_WEIGHT_TYPE" => Self::WeightType,
            "EDGE_WEIGHT_FORMAT" => Self::WeightFormat,
            "NODE_COORD_TYPE" => Self::CoordType,
            "DISPLAY_DATA_TYPE" => Self::DisplayType,
            "NODE_COORD_SECTION" => Self::Coords,
            "EDGE_WEIGHT_SECTION" => Self::Weights,
            "DISPLAY_DATA_SECTION" => Self::Display,
            "TOUR_SECTION" => Self::Tour,
            "FIXED_EDGES_SECTION" => Self::Fixed,
            "EOF" => Self::Eof,
            _ => return None,
        })
    }

    /// The keyword as files spell it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Comment => "COMMENT",
            Self::Type => "TYPE",
            Self::Dimension => "DIMENSION",
            Self::WeightType => "EDGE_WEIGHT_TYPE",
            Self::WeightFormat => "EDGE_WEIGHT_FORMAT",
            Self::CoordType => "NODE_COORD_TYPE",
            Self::DisplayType => "DISPLAY_DATA_TYPE",
            Self::Coords => "NODE_COORD_SECTION",
            Self::Weights => "EDGE_WEIGHT_SECTION",
            Self::Display => "DISPLAY_DATA_SECTION",
            Self::Tour => "TOUR_SECTION",
            Self::Fixed => "FIXED_EDGES_SECTION",
            Self::Eof => "EOF",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_with_and_without_colon() {
        assert_eq!(Keyword::split("DIMENSION : 52"), Ok((Keyword::Dimension, "52")));
        assert_eq!(Keyword::split("dimension: 52"), Ok((Keyword::Dimension, "52")));
        assert_eq!(Keyword::split("DIMENSION 52"), Ok((Keyword::Dimension, "52")));
        assert_eq!(Keyword::split("COMMENT: a: b"), Ok((Keyword::Comment, "a: b")));
        assert_eq!(Keyword::split("EOF"), Ok((Keyword::Eof, "")));
        assert_eq!(Keyword::split("1 2 3"), Err("1"));
    }

    #[test]
    fn every_listed_keyword_is_known_by_its_own_name() {
        for word in KEYWORDS.split(", ") {
            assert_eq!(Keyword::split(word).map(|(keyword, _)| keyword.name()), Ok(word));
        }
    }
}
