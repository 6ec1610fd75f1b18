use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use hyper::{Request, StatusCode};

use super::{Answer, Events, Gate, Refusal};
use crate::{
    look::{Latest, Looks, Watching},
    metrics::{CONTENT_TYPE, Metrics},
};

/// What is asked for, and what is answered: fixed paths alone.
#[derive(Debug)]
pub(crate) struct Routes {
    gate: Gate,
    looks: Looks,
    metrics: Mutex<Metrics>,
}

/// The last event of a stream.
const GONE: &[u8] = b"event: gone\ndata: {}\n\n";

impl Routes {
    pub(crate) fn new(gate: Gate, looks: Looks) -> Self {
        Self { gate, looks, metrics: Mutex::default() }
    }

    /// Answers one request; `local`: where it came in, if it did not come in by a unix socket.
    pub(super) async fn answer<B>(&self, request: &Request<B>, local: Option<SocketAddr>) -> Answer {
        let (path, headers) = (request.uri().path(), request.headers());
        if let Err(refusal) = self.gate.check(request.method(), request.uri(), headers, local) {
            return refusal.into();
        }
        if let Some(page) = page(path) {
            return page; // it tells nothing, and is where a token is given
        }
        if let Err(refusal) = self.gate.check_token(headers, local) {
            return refusal.into();
        }
        match path {
            "/snapshot.json" => self.snapshot().await,
            "/explain.json" => self.looks.explain().await.map_or_else(gone, Answer::json),
            "/metrics" => self.metrics().await,
            "/stream" => self.stream(),
            _ => nowhere(),
        }
    }

    async fn snapshot(&self) -> Answer {
        match self.looks.fresh().await {
            Latest::View(view) => Answer::json(view.json()),
            _ => gone(),
        }
    }

    async fn metrics(&self) -> Answer {
        let Latest::View(view) = self.looks.fresh().await else { return gone() };
        let text = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).text(&view);
        Answer::new(CONTENT_TYPE, text.unwrap_or_default()) // a text takes all that is written to it
    }

    fn stream(&self) -> Answer {
        match self.looks.watch() {
            Some(watching) => Answer::events(Events::new(Some(watching), next_event)),
            None => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "too many watch already"),
        }
    }
}

async fn next_event(watching: Option<Watching>) -> Option<(Bytes, Option<Watching>)> {
    let mut watching = watching?;
    match watching.next().await {
        Some(view) => Some((view.event(), Some(watching))),
        None => Some((Bytes::from_static(GONE), None)),
    }
}

/// What the page consists of.
fn page(path: &str) -> Option<Answer> {
    let (content_type, text) = match path {
        "/" => ("text/html; charset=utf-8", include_str!("../../page/index.html")),
        "/app.js" => ("text/javascript; charset=utf-8", include_str!("../../page/app.js")),
        "/style.css" => ("text/css; charset=utf-8", include_str!("../../page/style.css")),
        _ => return None,
    };
    Some(Answer::new(content_type, text))
}

fn gone() -> Answer {
    Answer::text(StatusCode::GONE, "the fabric is gone")
}

fn nowhere() -> Answer {
    Refusal::Path.into()
}
