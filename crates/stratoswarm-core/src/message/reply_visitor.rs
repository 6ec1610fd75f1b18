use serde::{Serialize, de::DeserializeOwned};

/// What is to be done with the type of a message's reply; [`Wire::reply`](crate::Wire::reply) calls one of its methods.
///
/// # Examples
/// ```
/// use stratoswarm_core::{ReplyVisitor, Wire, messages::{CostMessage, CostUpdate, QueryCost}};
/// # use serde::{Serialize, de::DeserializeOwned};
///
/// /// The name of the reply's type.
/// struct Name;
/// impl ReplyVisitor for Name {
///     type Out = Option<&'static str>;
///     fn none(self) -> Self::Out { None }
///     fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Self::Out { Some(std::any::type_name::<R>()) }
/// }
///
/// let query: CostMessage = QueryCost { tasks: 3 }.into();
/// assert!(query.reply(Name).is_some_and(|name| name.ends_with("CostQuote")));
/// let update: CostMessage = CostUpdate { tasks: 3, busy: std::time::Duration::ZERO }.into();
/// assert_eq!(update.reply(Name), None);
/// ```
pub trait ReplyVisitor {
    /// What comes of it.
    type Out;

    /// The message is never answered.
    fn none(self) -> Self::Out;

    /// The message is answered with an `R`.
    fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Self::Out;
}
