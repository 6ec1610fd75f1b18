use std::any::Any;

use serde::{Serialize, de::DeserializeOwned};
use stratoswarm_core::{ReplyEncoder, ReplyVisitor, Wire};

/// How the reply to this message is encoded; none if it has none.
pub(super) fn of<M: Wire>(message: &M) -> Option<ReplyEncoder> {
    message.reply(Cbor)
}

/// Encodes replies of the type that it visits.
struct Cbor;

impl ReplyVisitor for Cbor {
    type Out = Option<ReplyEncoder>;

    fn none(self) -> Self::Out {
        None
    }

    fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Self::Out {
        Some(encode::<R>)
    }
}

fn encode<R: Serialize + 'static>(reply: &dyn Any) -> Option<Vec<u8>> {
    cbor4ii::serde::to_vec(Vec::new(), reply.downcast_ref::<R>()?).ok()
}
