/// Why bytes are no batch of tours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are not a whole number of tours of {cities} cities")]
#[non_exhaustive]
pub struct BatchError {
    /// How many bytes there are.
    pub bytes: usize,
    /// How many cities a tour has.
    pub cities: usize,
}
