use serde::{Serialize, de::DeserializeOwned};

use super::{Message, ReplyVisitor};

/// A message that can leave the process: it has a name that stays, and its replies can be written and read as it can.
///
/// Made by [`wire!`](crate::wire), or by [`protocol!`](crate::protocol) where a name stands behind the enum's. With the feature
/// `serde`. A [`DeadLetter`](crate::DeadLetter), `Vec`, `Option`, `Box` or `Result` of such messages is one, too.
///
/// # Examples
/// ```
/// use stratoswarm_core::{Wire, messages::GpuCommand, protocol};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)] pub struct Buy { pub pieces: u32 }
/// #[derive(Clone, Serialize, Deserialize)] pub struct Tick;
///
/// protocol! {
///     #[derive(Clone, Serialize, Deserialize)]
///     pub enum Market as "lab.market" => MarketCall { Buy -> bool, Tick }
/// }
///
/// assert_eq!(Market::NAME, "lab.market");
/// assert_eq!(GpuCommand::NAME, "stratoswarm.gpu");
/// ```
pub trait Wire: Message + Serialize + DeserializeOwned {
    /// The name of its type, on files and between processes. Two types of one name must read each other's bytes: a field that
    /// is added has a default, and a change that no reader of before understands takes a new name.
    const NAME: &'static str;

    /// Tells a visitor what this message is answered with.
    fn reply<V: ReplyVisitor>(&self, visitor: V) -> V::Out;
}

/// Lets a message leave the process under a name: implements [`Wire`].
///
/// `wire!(Job as "lab.job")` for a message that is never answered, `wire!(Square as "lab.square" -> u64)` for one that is. What
/// it is answered with must be what its [`Message`](crate::Message) says. For an enum whose variants have replies of their own
/// see [`protocol!`](crate::protocol).
///
/// # Examples
/// ```
/// use stratoswarm_core::{Message, NoReply, Wire, wire};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Job { id: u32 }
/// impl Message for Job { type Reply = NoReply; }
/// wire!(Job as "lab.job");
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Square(u64);
/// impl Message for Square { type Reply = u64; }
/// wire!(Square as "lab.square" -> u64);
///
/// assert_eq!((Job::NAME, Square::NAME), ("lab.job", "lab.square"));
/// ```
/// A reply that is not said, or another than the message's, does not compile:
/// ```compile_fail
/// # use stratoswarm_core::{Message, wire};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// # struct Square(u64);
/// # impl Message for Square { type Reply = u64; }
/// wire!(Square as "lab.square");
/// ```
#[macro_export]
macro_rules! wire {
    ($message:ty as $name:literal) => {
        impl $crate::Wire for $message {
            const NAME: &'static str = $name;

            fn reply<V: $crate::ReplyVisitor>(&self, visitor: V) -> V::Out {
                fn never_answered<M: $crate::Message<Reply = $crate::NoReply>>(_: &M) {}
                never_answered(self);
                visitor.none()
            }
        }
    };
    ($message:ty as $name:literal -> $reply:ty) => {
        impl $crate::Wire for $message {
            const NAME: &'static str = $name;

            fn reply<V: $crate::ReplyVisitor>(&self, visitor: V) -> V::Out {
                fn answered_with<R, M: $crate::Message<Reply = R>>(_: &M) {}
                answered_with::<$reply, Self>(self);
                visitor.of::<$reply>()
            }
        }
    };
}
