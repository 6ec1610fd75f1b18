//! Channels that can be looked into while they run: ours while it is watched and its messages are sampled, and others.

use std::sync::Arc;

use stratoswarm_core::{Channel, Fabric, Receiver, Sampling, Watch};

use super::adapter::many;

/// What looks on, for as long as somebody reads.
pub(crate) struct Looking {
    _sampling: Sampling,
    _watch: Option<Watch>,
    _fabric: Fabric,
}

channel! {
    /// Ours, timed and watched.
    Sampled<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, (Receiver<P>, Arc<Looking>),
    open |capacity, senders, readers| {
        let fabric = Fabric::new();
        let looking = Looking {
            _sampling: fabric.sample_times(),
            _watch: fabric.watch().start(|_| {}).ok(),
            _fabric: fabric.clone(),
        };
        // Without `ephemeral` the fabric would keep it open.
        let channel = fabric.channel("seen").capacity(capacity).ephemeral().open().expect("a new name");
        let looking = Arc::new(looking);
        let members = (0..readers).map(|_| (channel.join("group"), Arc::clone(&looking))).collect();
        (many(channel, senders), members)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.0.recv().await,
    into delivery.into_message()
}

channel! {
    /// tokio's mpsc in a wrapper that tells a profiler of each message.
    Hotpath<P> = "hotpath" of "hotpath", shared false,
    hotpath::wrap::tokio::sync::mpsc::Sender<P>, hotpath::wrap::tokio::sync::mpsc::Receiver<P>,
    open |capacity, senders, _| {
        let (tx, rx) = hotpath::channel!(tokio::sync::mpsc::channel::<P>(capacity));
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(message) = rx.recv().await,
    into message
}

channel! {
    /// A channel that counts, and times some messages.
    Metered<P> = "metered-channel" of "prioritized-metered-channel", shared false,
    prioritized_metered_channel::MeteredSender<P>, prioritized_metered_channel::MeteredReceiver<P>,
    open |capacity, senders, _| {
        let (tx, rx) = prioritized_metered_channel::channel(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}
