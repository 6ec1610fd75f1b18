use std::{fmt, str::FromStr};

/// In which order an explicit matrix is listed: `EDGE_WEIGHT_FORMAT`.
///
/// The matrix is symmetric, so a listing by columns is the same numbers in the same order as one by rows of the other
/// triangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WeightFormat {
    /// Every row in full; must be symmetric.
    FullMatrix,
    /// The rows above the diagonal.
    UpperRow,
    /// The rows below the diagonal.
    LowerRow,
    /// The rows above the diagonal, with it.
    UpperDiagRow,
    /// The rows below the diagonal, with it.
    LowerDiagRow,
    /// The columns above the diagonal; reads as [`LowerRow`](Self::LowerRow).
    UpperCol,
    /// The columns below the diagonal; reads as [`UpperRow`](Self::UpperRow).
    LowerCol,
    /// The columns above the diagonal, with it; reads as [`LowerDiagRow`](Self::LowerDiagRow).
    UpperDiagCol,
    /// The columns below the diagonal, with it; reads as [`UpperDiagRow`](Self::UpperDiagRow).
    LowerDiagCol,
}

/// Every accepted `EDGE_WEIGHT_FORMAT`, as messages list them.
pub(super) const WEIGHT_FORMATS: &str = "FULL_MATRIX, UPPER_ROW, LOWER_ROW, UPPER_DIAG_ROW, LOWER_DIAG_ROW, \
     UPPER_COL, LOWER_COL, UPPER_DIAG_COL, LOWER_DIAG_COL";

impl WeightFormat {
    /// The columns that row `row` (from 0) of a matrix of `n` cities lists; for a listing by columns, the rows that
    /// column `row` lists, which is the same in a symmetric matrix.
    pub(super) fn columns(self, row: usize, n: usize) -> std::ops::Range<usize> {
        match self {
            Self::FullMatrix => 0..n,
            Self::UpperRow | Self::LowerCol => row + 1..n,
            Self::LowerRow | Self::UpperCol => 0..row,
            Self::UpperDiagRow | Self::LowerDiagCol => row..n,
            Self::LowerDiagRow | Self::UpperDiagCol => 0..row + 1,
        }
    }
}

impl FromStr for WeightFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "FULL_MATRIX" => Self::FullMatrix,
            "UPPER_ROW" => Self::UpperRow,
            "LOWER_ROW" => Self::LowerRow,
            "UPPER_DIAG_ROW" => Self::UpperDiagRow,
            "LOWER_DIAG_ROW" => Self::LowerDiagRow,
            "UPPER_COL" => Self::UpperCol,
            "LOWER_COL" => Self::LowerCol,
            "UPPER_DIAG_COL" => Self::UpperDiagCol,
            "LOWER_DIAG_COL" => Self::LowerDiagCol,
            _ => return Err(()),
        })
    }
}

impl fmt::Display for WeightFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FullMatrix => "FULL_MATRIX",
            Self::UpperRow => "UPPER_ROW",
            Self::LowerRow => "LOWER_ROW",
            Self::UpperDiagRow => "UPPER_DIAG_ROW",
            Self::LowerDiagRow => "LOWER_DIAG_ROW",
            Self::UpperCol => "UPPER_COL",
            Self::LowerCol => "LOWER_COL",
            Self::UpperDiagCol => "UPPER_DIAG_COL",
            Self::LowerDiagCol => "LOWER_DIAG_COL",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_add_up_to_the_size_of_the_format() {
        let listed = |format: WeightFormat| (0..5).map(|row| format.columns(row, 5).len()).sum::<usize>();
        assert_eq!(
            WEIGHT_FORMATS.split(", ").map(|name| listed(name.parse().unwrap())).collect::<Vec<_>>(),
            [25, 10, 10, 15, 15, 10, 10, 15, 15]
        );
    }

    #[test]
    fn names_round_trip() {
        for name in WEIGHT_FORMATS.split(", ") {
            assert_eq!(name.parse::<WeightFormat>().map(|format| format.to_string()), Ok(name.to_owned()));
        }
    }
}
