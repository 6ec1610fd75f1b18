/// Declares an enum of messages whose variants have replies of their own, and the enum of calls that serves it.
///
/// Every variant has a payload struct of its own name, declared beside it. `Variant -> Reply` can be requested,
/// a variant without an arrow can only be sent; `Variant -> Reply as Critical`, or `Variant as Low`, states its
/// [`Priority`](crate::Priority), which is `Normal` else. What comes out:
///
/// - the message enum, with `From` each payload and [`Message`](crate::Message) implemented;
/// - [`Ask`](crate::Ask) for every payload with an arrow, so that `channel.request(Payload { .. })` gives its reply;
/// - the call enum, `From<Delivery<Message>>`, whose variants carry the payload and a
///   [`Responder`](crate::Responder) of the right type;
/// - with a name behind the enum's, `enum Market as "lab.market" => MarketCall { .. }`, also [`Wire`](crate::Wire), with the
///   feature `serde`; messages, payloads and replies must be serialisable then.
///
/// Attributes of the enum and of the variants go to the message enum (derive `Clone` at least); a `#[cfg]` on a variant
/// does not work, nor do generics (write the impls by hand, see [`Ask`](crate::Ask)), nor `#![forbid(missing_docs)]`
/// (`deny` does).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, protocol};
///
/// #[derive(Clone)] pub struct Buy { pub pieces: u32 }
/// #[derive(Clone)] pub struct Sell { pub pieces: u32 }
/// #[derive(Clone)] pub struct Tick;
///
/// protocol! {
///     /// What the market understands.
///     #[derive(Clone)]
///     pub enum Market => MarketCall { Buy -> bool, Sell -> Result<u64, String>, Tick }
/// }
///
/// let market = Fabric::new().channel::<Market>("market").open()?;
/// let mut desk = market.join("desk");
/// tokio::spawn(async move {
///     while let Some(delivery) = desk.recv().await {
///         match delivery.into() {
///             MarketCall::Buy(buy, reply) => { reply.send(buy.pieces < 10); }
///             MarketCall::Sell(_, reply) => { reply.send(Err("no buyers".to_owned())); }
///             MarketCall::Tick(_) => {}
///         }
///     }
/// });
/// market.send(Tick.into()).await?;
/// assert!(market.request(Buy { pieces: 3 }).await?);
/// assert_eq!(market.request(Sell { pieces: 3 }).await?, Err("no buyers".to_owned()));
/// # Ok(()) }
/// ```
/// A request of the whole enum, or of a variant without reply, does not compile:
/// ```compile_fail
/// # use stratoswarm_core::{Channel, protocol};
/// # #[derive(Clone)] pub struct Tick;
/// # protocol! { #[derive(Clone)] pub enum Market => MarketCall { Tick } }
/// # async fn ask(market: Channel<Market>) {
/// market.request(Tick).await;
/// # }
/// ```
#[macro_export]
macro_rules! protocol {
    (@priority) => { $crate::Priority::Normal };
    (@priority $priority:ident) => { $crate::Priority::$priority };
    (@reply $visitor:ident) => { $visitor.none() };
    (@reply $visitor:ident $reply:ty) => { $visitor.of::<$reply>() };
    // What is never answered is acknowledged as it is.
    (@call $call:ident $variant:ident $payload:ident $responder:ident) => {{
        let _ = $responder.ack();
        $call::$variant($payload)
    }};
    (@call $call:ident $variant:ident $payload:ident $responder:ident $reply:ty) => {
        $call::$variant($payload, $responder.typed::<$reply>())
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $message:ident as $name:literal => $call:ident {
            $($(#[$variant_meta:meta])* $variant:ident $(-> $reply:ty)? $(as $priority:ident)?),+ $(,)?
        }
    ) => {
        $crate::protocol! {
            $(#[$meta])*
            $vis enum $message => $call {
                $($(#[$variant_meta])* $variant $(-> $reply)? $(as $priority)?),+
            }
        }

        impl $crate::Wire for $message {
            const NAME: &'static str = $name;

            fn reply<V: $crate::ReplyVisitor>(&self, visitor: V) -> V::Out {
                match self {
                    $(Self::$variant(..) => $crate::protocol!(@reply visitor $($reply)?)),+
                }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $message:ident => $call:ident {
            $($(#[$variant_meta:meta])* $variant:ident $(-> $reply:ty)? $(as $priority:ident)?),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[allow(missing_docs)] // each variant is documented at its payload
        $vis enum $message {
            $($(#[$variant_meta])* $variant($variant)),+
        }

        impl $crate::Message for $message {
            type Reply = $crate::NoReply;

            fn priority(&self) -> $crate::Priority {
                match self {
                    $(Self::$variant(..) => $crate::protocol!(@priority $($priority)?)),+
                }
            }
        }

        $(
            impl ::core::convert::From<$variant> for $message {
                fn from(payload: $variant) -> Self {
                    Self::$variant(payload)
                }
            }
        )+

        $($(
            impl $crate::Ask<$message> for $variant {
                type Reply = $reply;

                fn into_message(self) -> $message {
                    $message::$variant(self)
                }
            }
        )?)+

        #[doc = concat!("A delivered [`", stringify!($message), "`], each variant with the responder of its reply type.")]
        #[allow(missing_docs)] // each variant is documented at its payload
        $vis enum $call {
            $($variant($variant $(, $crate::Responder<$reply>)?)),+
        }

        impl ::core::convert::From<$crate::Delivery<$message>> for $call {
            fn from(delivery: $crate::Delivery<$message>) -> Self {
                let (message, responder) = delivery.into_raw_parts();
                match message {
                    $($message::$variant(payload) => $crate::protocol!(@call $call $variant payload responder $($reply)?)),+
                }
            }
        }

        impl ::core::fmt::Debug for $call {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant(..) => concat!(stringify!($call), "::", stringify!($variant))),+
                })
            }
        }
    };
}
