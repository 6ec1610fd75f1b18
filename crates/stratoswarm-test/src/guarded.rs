use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use crate::{
    current::{Life, run_as},
    injected::Injected,
    pause::Pause,
};

/// A task of the kit: it may be ended at any operation of a channel.
pub(crate) struct Guarded<F> {
    inner: Option<Pin<Box<F>>>,
    life: Arc<Life>,
    /// What it waits for before it begins.
    before: Pin<Box<Pause>>,
}

/// How it ended.
pub(crate) enum Ended<T> {
    /// By itself.
    Done(T),
    /// By a fault.
    Faulted,
    /// By a panic of its own.
    Panicked(Box<dyn Any + Send>),
}

impl<F> Guarded<F> {
    pub(crate) fn new(inner: F, yields: u32) -> Self {
        let before = Box::pin(Pause::of(yields));
        Self { inner: Some(Box::pin(inner)), life: Arc::default(), before }
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = Ended<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.before.as_mut().poll(cx));
        let Some(inner) = &mut this.inner else { return Poll::Pending }; // polled after it was ready
        let life = Arc::clone(&this.life);
        let ended = match catch_unwind(AssertUnwindSafe(|| run_as(&life, || inner.as_mut().poll(cx)))) {
            Ok(Poll::Ready(output)) => Ended::Done(output),
            Ok(Poll::Pending) if life.is_over() => Ended::Faulted,
            Ok(Poll::Pending) => return Poll::Pending,
            Err(payload) if payload.is::<Injected>() => Ended::Faulted,
            Err(payload) => Ended::Panicked(payload),
        };
        this.inner = None;
        Poll::Ready(ended)
    }
}
