//! Requests: a call waits for its reply.

use std::time::Duration;

use parking_lot::Mutex;
use ractor::RpcReplyPort;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::payload::Msg;

/// Places in the handler's queue.
pub(super) const CAPACITY: usize = 1_000;
/// The deadline of every call, far enough not to be met.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// The numbers of the logged requests that were handled, in their order.
#[derive(Debug)]
pub(crate) struct HandlerLog;

static HANDLED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

impl HandlerLog {
    /// Empties the log.
    pub(crate) fn take() -> Vec<u64> {
        std::mem::take(&mut *HANDLED.lock())
    }
}

/// Every contender's handler.
#[inline]
pub(super) fn handle(message: &Msg) -> u64 {
    if let Msg::Logged { id } = message {
        HANDLED.lock().push(*id);
    }
    message.id() + 1
}

requests! {
    /// tokio's mpsc, oneshot and timeout.
    TokioRequests = "tokio" of "tokio", note None,
    mpsc::Sender<(Msg, oneshot::Sender<u64>)>, JoinHandle<()>,
    open {
        let (tx, mut rx) = mpsc::channel::<(Msg, oneshot::Sender<u64>)>(CAPACITY);
        let handler = tokio::spawn(async move {
            while let Some((message, reply)) = rx.recv().await {
                reply.send(handle(&message)).ok();
            }
        });
        (tx, handler)
    },
    ask |tx, message| {
        timeout(DEADLINE, async {
            let (reply, replied) = oneshot::channel();
            tx.send((message, reply)).await.ok()?;
            replied.await.ok()
        })
        .await
        .ok()
        .flatten()
    },
    close |tx, handler| {
        drop(tx);
        handler.await.expect("the handler does not panic");
    }
}

requests! {
    /// kanal and tokio's oneshot, without a deadline.
    KanalOneshot = "kanal" of "kanal", note Some("no deadline"),
    kanal::AsyncSender<(Msg, oneshot::Sender<u64>)>, JoinHandle<()>,
    open {
        let (tx, rx) = kanal::bounded_async::<(Msg, oneshot::Sender<u64>)>(CAPACITY);
        let handler = tokio::spawn(async move {
            while let Ok((message, reply)) = rx.recv().await {
                reply.send(handle(&message)).ok();
            }
        });
        (tx, handler)
    },
    ask |tx, message| {
        let (reply, replied) = oneshot::channel();
        if tx.send((message, reply)).await.is_ok() { replied.await.ok() } else { None }
    },
    close |tx, handler| {
        drop(tx);
        handler.await.expect("the handler does not panic");
    }
}

/// ractor's actor.
struct RactorHandler;

/// ractor's message: the reply port travels in it.
pub(crate) struct RactorCall(Msg, RpcReplyPort<u64>);

impl ractor::Actor for RactorHandler {
    type Msg = RactorCall;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ractor::ActorRef<RactorCall>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ractor::ActorRef<RactorCall>,
        RactorCall(message, reply): RactorCall,
        (): &mut (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        reply.send(handle(&message))?;
        Ok(())
    }
}

requests! {
    /// ractor's call with a timeout. Its mailbox has no bound.
    Ractor = "ractor" of "ractor", note Some("its mailbox has no bound"),
    ractor::ActorRef<RactorCall>, JoinHandle<()>,
    open ractor::Actor::spawn(None, RactorHandler, ()).await.expect("the actor starts"),
    ask |actor, message| {
        match actor.call(|reply| RactorCall(message, reply), Some(DEADLINE)).await {
            Ok(ractor::rpc::CallResult::Success(reply)) => Some(reply),
            _ => None,
        }
    },
    close |actor, handler| {
        actor.stop(None);
        handler.await.expect("the actor does not panic");
    }
}

/// kameo's actor.
#[derive(kameo::Actor)]
pub(crate) struct KameoHandler;

impl kameo::message::Message<Msg> for KameoHandler {
    type Reply = u64;

    async fn handle(&mut self, message: Msg, _: &mut kameo::message::Context<Self, u64>) -> u64 {
        handle(&message)
    }
}

requests! {
    /// kameo's ask with a reply timeout, over a bounded mailbox.
    Kameo = "kameo" of "kameo", note None,
    kameo::actor::ActorRef<KameoHandler>, (),
    open {
        let mailbox = kameo::mailbox::bounded(CAPACITY);
        (<KameoHandler as kameo::actor::Spawn>::spawn_with_mailbox(KameoHandler, mailbox), ())
    },
    ask |actor, message| actor.ask(message).reply_timeout(DEADLINE).await.ok(),
    close |actor, _handler| {
        actor.stop_gracefully().await.ok();
        actor.wait_for_shutdown().await;
    }
}
