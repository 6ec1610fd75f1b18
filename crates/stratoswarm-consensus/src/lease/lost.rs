/// The lease was lost before the work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease with token {token} was lost")]
pub struct Lost {
    /// Its token.
    pub token: u64,
}
