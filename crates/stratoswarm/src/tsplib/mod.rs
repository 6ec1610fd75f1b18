//! Travelling salesman instances and tours in the file format of TSPLIB.
//!
//! The format and the distance functions are those of G. Reinelt, "TSPLIB 95", Universität Heidelberg, 1995 (the
//! description that accompanies the library), restricted to what a symmetric travelling salesman problem needs:
//!
//! | keyword | accepted |
//! |---|---|
//! | `TYPE` | `TSP` (instances), `TOUR` (tours) |
//! | `EDGE_WEIGHT_TYPE` | `EUC_2D`, `CEIL_2D`, `ATT`, `GEO`, `EXPLICIT` |
//! | `EDGE_WEIGHT_FORMAT` | `FULL_MATRIX`, `UPPER_ROW`, `LOWER_ROW`, `UPPER_DIAG_ROW`, `LOWER_DIAG_ROW`, `UPPER_COL`, `LOWER_COL`, `UPPER_DIAG_COL`, `LOWER_DIAG_COL`; `FUNCTION` where the type is not `EXPLICIT` |
//!
//! `GEO` coordinates are latitudes from -90 to 90 and longitudes from -180 to 180 degrees.
//!
//! Whatever the bytes of a file are, reading it ends with a value or with a [`TspError`] that names the line.

mod error;
mod instance;
mod keyword;
mod lines;
mod parser;
mod sections;
mod tour_file;
mod weight_format;
mod weight_type;

pub use error::TspError;
pub use instance::{Instance, MAX_CITIES, MAX_WEIGHT};
pub use parser::{parse_instance, parse_tour};
pub use tour_file::TourFile;
pub use weight_format::WeightFormat;
pub use weight_type::WeightType;
