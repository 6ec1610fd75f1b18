/// Why a list of cities is no tour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TourError {
    /// Another number of cities than the instance has.
    #[error("{found} cities, not {expected}")]
    Count {
        /// How many the list has.
        found: usize,
        /// How many the instance has.
        expected: usize,
    },
    /// A city that the instance does not have.
    #[error("city {city} is not one of 1 to {cities}")]
    Unknown {
        /// The city, counted from 1.
        city: u64,
        /// How many cities the instance has.
        cities: usize,
    },
    /// A city for the second time.
    #[error("city {city} is visited twice")]
    Twice {
        /// The city, counted from 1.
        city: u64,
    },
}
