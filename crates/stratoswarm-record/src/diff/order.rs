/// How the messages of a channel are to be compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// The first with the first, the second with the second.
    #[default]
    Total,
    /// In any order: each as often in the one as in the other.
    Set,
}
