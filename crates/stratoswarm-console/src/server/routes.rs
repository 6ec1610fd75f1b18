use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use hyper::{Request, StatusCode};

use super::{Answer, Events, Gate, Refusal};
use crate::{
    look::{Latest, Looks, Watching},
    metrics::{CONTENT_TYPE, Metrics},
    tap::{Payloads, Tap, find},
};

/// What is asked for, and what is answered: fixed paths alone.
#[derive(Debug)]
pub(crate) struct Routes {
    gate: Gate,
    looks: Looks,
    metrics: Mutex<Metrics>,
    payloads: Arc<Payloads>,
}

/// The last event of a stream.
const GONE: &[u8] = b"event: gone\ndata: {}\n\n";

impl Routes {
    pub(crate) fn new(gate: Gate, looks: Looks, payloads: Payloads) -> Self {
        Self { gate, looks, metrics: Mutex::default(), payloads: payloads.into() }
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
            "/map.dot" => self.dot().await,
            "/metrics" => self.metrics().await,
            "/stream" => self.stream(),
            _ => match path.strip_prefix("/tap/").and_then(decoded) {
                Some(channel) => self.tap(channel).await,
                None => nowhere(),
            },
        }
    }

    async fn snapshot(&self) -> Answer {
        match self.looks.next().await {
            Latest::View(view) => Answer::json(view.json()),
            _ => gone(),
        }
    }

    async fn dot(&self) -> Answer {
        let Latest::View(view) = self.looks.next().await else { return gone() };
        match view.dot() {
            Some(dot) => Answer::new("text/vnd.graphviz; charset=utf-8", dot),
            None => Answer::text(StatusCode::SERVICE_UNAVAILABLE, "nothing was seen yet"),
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
            None => too_many(),
        }
    }

    async fn tap(&self, channel: String) -> Answer {
        match self.looks.fresh().await {
            Latest::View(view) if find(&view, &channel).is_none() => {
                return Answer::text(StatusCode::NOT_FOUND, "there is no such channel");
            }
            Latest::View(_) => {}
            _ => return gone(),
        }
        let Some(watching) = self.looks.watch() else { return too_many() };
        Answer::events(Events::new(Tap::new(watching, channel, &self.payloads).await, Tap::next))
    }
}

async fn next_event(watching: Option<Watching>) -> Option<(Bytes, Option<Watching>)> {
    let mut watching = watching?;
    match watching.next().await {
        Some(view) => Some((view.event(), Some(watching))),
        None => Some((Bytes::from_static(GONE), None)),
    }
}

/// A name as it stands in a path, with `%` and two digits for what may not.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn too_many() -> Answer {
    Answer::text(StatusCode::SERVICE_UNAVAILABLE, "too many watch already")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once() {
        let is = |text: &str, name: &str| assert_eq!(decoded(text).as_deref(), Some(name), "{text}");
        is("jobs", "jobs");
        is("a%20b%2Fc", "a b/c");
        is("%C3%BC", "ü");
        is("%252e", "%2e");
        is("", "");
        for bad in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
