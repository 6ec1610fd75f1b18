use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use super::{Body, Events};

/// What the page may do: load from here, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// An answer, with what browsers are told at every one.
#[derive(Debug)]
pub(super) struct Answer(Response<Body>);

impl Answer {
    pub(super) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::of(content_type, Body::Whole(Some(body.into())))
    }

    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self::new("application/json", body)
    }

    /// One line of text.
    pub(super) fn text(status: StatusCode, text: &str) -> Self {
        let mut answer = Self::new("text/plain; charset=utf-8", format!("{text}\n"));
        *answer.0.status_mut() = status;
        answer
    }

    /// A stream that ends when its reader goes.
    pub(super) fn events(events: Events) -> Self {
        Self::of("text/event-stream", Body::Events(events))
    }

    fn of(content_type: &'static str, body: Body) -> Self {
        let answer = Self(Response::new(body)).header(header::CONTENT_TYPE, content_type);
        let answer = answer.header(header::CACHE_CONTROL, "no-store");
        let answer = answer.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let answer = answer.header(header::REFERRER_POLICY, "no-referrer");
        let answer = answer.header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        answer.header(header::CONTENT_SECURITY_POLICY, POLICY)
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }
}

impl From<Answer> for Response<Body> {
    fn from(Answer(response): Answer) -> Self {
        response
    }
}
