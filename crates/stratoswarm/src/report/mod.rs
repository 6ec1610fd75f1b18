//! What people and programs get to see: the text, the JSON, the progress bar.

#[cfg(feature = "record")]
mod count;
mod json;
mod json_verdicts;
mod output;
mod overload;
mod progress;
mod table;

#[cfg(feature = "record")]
pub use count::Count;
pub use json::JsonReport;
pub use json_verdicts::JsonVerdicts;
pub use output::print;
pub use progress::Progress;
pub use table::TextReport;
