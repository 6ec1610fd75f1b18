//! To take an order the service of orders asks that of the stock, and that one asks the first which customer comes first. Each
//! serves one request at a time, so neither can answer. Requests have deadlines: they end it, after two seconds each time.

use std::{future::pending, time::Duration};

use stratoswarm_core::{Channel, Delivery, Fabric, Receiver, patterns::serve};
use tokio::sync::{mpsc, oneshot};

use super::{Ending, Job, Pulse};

const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let orders = fabric.channel::<Job>("orders").open()?;
    let stock = fabric.channel::<Job>("stock").open()?;
    fabric.spawn("orders", answer(orders.join("clerks"), "orders asks stock", stock.clone()));
    fabric.spawn("stock", answer(stock.join("keepers"), "stock asks orders", orders.clone()));
    let client = fabric.spawn("client", async move { orders.request(Job::Plain).await });
    Ok(match client.await {
        Ok(Ok(Err(refusal))) => refusal,
        other => format!("{other:?}"),
    })
}

/// Answers each question by asking another service.
async fn answer(inbox: Receiver<Job>, what: &'static str, other: Channel<Job>) {
    let handle = move |question: Delivery<Job>| {
        let other = other.clone();
        async move {
            let (_, reply) = question.into_parts();
            reply.send(match other.request(Job::Plain).timeout(TIMEOUT).await {
                Ok(answer) => answer,
                Err(error) => Err(format!("{what}: {error}")),
            });
        }
    };
    serve(inbox, 1, handle).await;
}

type Asked = oneshot::Sender<u64>;

pub(super) async fn twin(pulse: Pulse) {
    let (orders, clerk) = mpsc::channel(1000);
    let (stock, keeper) = mpsc::channel(1000);
    pulse.tells_places("orders", &orders);
    pulse.tells_places("stock", &stock);
    tokio::spawn(serve_twin(clerk, stock, pulse.clone()));
    tokio::spawn(serve_twin(keeper, orders.clone(), pulse));
    let (asked, answer) = oneshot::channel();
    orders.send(asked).await.ok();
    drop(answer.await);
    pending::<()>().await;
}

async fn serve_twin(mut inbox: mpsc::Receiver<Asked>, other: mpsc::Sender<Asked>, pulse: Pulse) {
    while let Some(question) = inbox.recv().await {
        pulse.beat();
        let (asked, answer) = oneshot::channel();
        other.send(asked).await.ok();
        if let Ok(answer) = answer.await {
            question.send(answer).ok();
        }
    }
}
