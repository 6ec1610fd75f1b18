/// What is to be done because of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The user leaves.
    Leave,
    /// The swarm has ended, or was never there: why.
    Gone(String),
    /// It cannot go on without what has ended.
    Fail(&'static str),
    /// What does not move is to be looked at afresh.
    Explain,
    /// A graph in Graphviz's language is to be written to a file of this name.
    Write { name: String, graph: String },
}
