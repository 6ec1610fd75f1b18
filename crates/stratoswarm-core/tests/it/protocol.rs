//! Messages with several reply types: declared with `protocol!`, and written by hand.

use crate::fixtures::{park, woken};
use stratoswarm_core::{
    Ask, Channel, Delivery, Fabric, Message, NoReply, ReplyOutcome, RequestError, Responder, protocol,
};
use tokio_test::task;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Buy {
    pub(crate) count: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sell {
    pub(crate) count: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SoldOut {
    pub(crate) left: u32,
}

protocol! {
    /// What traders ask.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) enum Market => MarketCall {
        /// Answered with whether it was bought.
        Buy -> bool,
        Sell -> Result<u64, SoldOut>,
        Tick,
    }
}

fn market() -> Channel<Market> {
    Fabric::new().channel("market").capacity(8).open().unwrap()
}

#[tokio::test]
async fn each_variant_has_its_own_reply_type() {
    let market = market();
    let mut desk = market.join("desk");
    let serving = tokio::spawn(async move {
        let mut ticks = 0;
        while let Some(delivery) = desk.recv().await {
            match delivery.into() {
                MarketCall::Buy(buy, reply) => {
                    reply.send(buy.count > 0);
                }
                MarketCall::Sell(sell, reply) => {
                    reply.send(if sell.count < 10 { Ok(100) } else { Err(SoldOut { left: 9 }) });
                }
                MarketCall::Tick(Tick) => ticks += 1,
            }
        }
        ticks
    });
    let bought: bool = market.request(Buy { count: 1 }).await.unwrap();
    assert!(bought);
    let sold: Result<u64, SoldOut> = market.request(Sell { count: 1 }).await.unwrap();
    assert_eq!(sold, Ok(100));
    let sold = market.request(Sell { count: 10 }).await.unwrap();
    assert_eq!(sold, Err(SoldOut { left: 9 }), "the handler's fault is not the fabric's");
    market.send(Tick.into()).await.unwrap();
    market.send(Market::Tick(Tick)).await.unwrap();
    drop(market);
    assert_eq!(serving.await.unwrap(), 2);
}

#[test]
fn a_variant_that_was_only_sent_has_a_responder_that_is_not_wanted() {
    let market = market();
    let mut desk = market.join("desk");
    market.try_send(Buy { count: 3 }.into()).unwrap();
    let MarketCall::Buy(buy, reply) = MarketCall::from(desk.try_recv().unwrap()) else {
        panic!("another variant")
    };
    assert_eq!(buy, Buy { count: 3 });
    assert!(!reply.is_wanted());
    assert_eq!(reply.send(true), ReplyOutcome::NotAsked(true));
}

#[test]
fn a_variant_without_reply_leaves_its_caller_unanswered() {
    struct Poke;
    impl Ask<Market> for Poke {
        type Reply = ();
        fn into_message(self) -> Market {
            Market::Tick(Tick)
        }
    }
    let market = market();
    let mut desk = market.join("desk");
    let mut request = task::spawn(market.request(Poke));
    park(&mut request);
    let MarketCall::Tick(Tick) = MarketCall::from(desk.try_recv().unwrap()) else {
        panic!("another variant")
    };
    assert_eq!(woken(&mut request), Err(RequestError::Unanswered));
}

#[test]
fn payloads_convert_into_their_message() {
    assert_eq!(Market::from(Sell { count: 2 }), Market::Sell(Sell { count: 2 }));
    let market = market();
    let mut observer = market.subscribe();
    market.try_send(Tick.into()).unwrap();
    assert!(matches!(observer.try_recv(), Ok(Market::Tick(Tick))));
}

// ---- by hand

/// A generic envelope whose whole is never answered.
#[derive(Clone)]
struct Envelope<T>(T);

struct Get<T>(T);

impl<T: Clone + Send + 'static> Message for Envelope<T> {
    type Reply = NoReply;
}

impl<T: Clone + Send + 'static> Ask<Envelope<T>> for Get<T> {
    type Reply = (T, usize);

    fn into_message(self) -> Envelope<T> {
        Envelope(self.0)
    }
}

#[test]
fn a_hand_written_generic_ask_is_answered_with_its_type() {
    let channel: Channel<Envelope<String>> = Fabric::new().channel("envelopes").capacity(2).open().unwrap();
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Get("hello".to_owned())));
    park(&mut request);
    let (Envelope(text), raw) = receiver.try_recv().unwrap().into_raw_parts();
    let responder: Responder<(String, usize)> = raw.typed();
    let length = text.len();
    assert_eq!(responder.send((text, length)), ReplyOutcome::Received);
    assert_eq!(woken(&mut request), Ok(("hello".to_owned(), 5)));
}

/// A call enum written by hand, as `protocol!` would.
enum EnvelopeCall {
    Short(String, Responder<(String, usize)>),
    Long(Delivery<Envelope<String>>),
}

impl From<Delivery<Envelope<String>>> for EnvelopeCall {
    fn from(delivery: Delivery<Envelope<String>>) -> Self {
        if delivery.0.len() > 3 {
            return Self::Long(delivery);
        }
        let (Envelope(text), raw) = delivery.into_raw_parts();
        Self::Short(text, raw.typed())
    }
}

#[test]
fn a_call_enum_can_be_written_outside_the_library() {
    let channel: Channel<Envelope<String>> = Fabric::new().channel("envelopes").capacity(2).open().unwrap();
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Get("abc".to_owned())));
    park(&mut request);
    channel.try_send(Envelope("abcdef".to_owned())).ok().unwrap();
    let EnvelopeCall::Short(text, responder) = receiver.try_recv().unwrap().into() else { panic!("long") };
    responder.send((text, 1));
    assert_eq!(woken(&mut request).map(|(_, count)| count), Ok(1));
    let EnvelopeCall::Long(delivery) = receiver.try_recv().unwrap().into() else { panic!("short") };
    assert!(!delivery.is_request());
    assert_eq!(delivery.into_message().0, "abcdef");
}
