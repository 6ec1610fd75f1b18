use std::{convert::Infallible, marker::PhantomData};

/// The reply type of a message that is never answered as a whole. There is no value of it.
///
/// It is not `Send`, and that makes `request(whole_message)` a compile error:
/// ```compile_fail
/// # use stratoswarm_core::{Channel, messages::{CostMessage, QueryCost}};
/// # async fn ask(cost: Channel<CostMessage>, query: QueryCost) {
/// let quote = cost.request(CostMessage::QueryCost(query)).await; // ask `query` itself instead
/// # }
/// ```
#[derive(Debug)]
pub struct NoReply(Infallible, PhantomData<*const ()>);
