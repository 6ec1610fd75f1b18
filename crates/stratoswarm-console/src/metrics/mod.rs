//! The figures as Prometheus reads them: each scrape encodes one look.

mod family;
mod metrics;
mod rising;
mod rows;
mod times_row;

use family::{Families, Labels};
pub(crate) use metrics::{CONTENT_TYPE, Metrics};
use rising::Rising;
use rows::{ChannelRow, LaneRow, ReaderRow};
use times_row::TimesRow;
