//! The spans that come of a fabric's work, as an exporter gets them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::time::Duration;

use opentelemetry::trace::{FutureExt, SpanId, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider, SpanData};
use stratoswarm_core::{
    AckPolicy, Fabric, Message,
    examples::{Double, Job},
    patterns::serve,
};
use stratoswarm_otel::{OtelTracer, context_of};

/// A fabric, and what is exported of it.
struct Traced {
    fabric: Fabric,
    provider: SdkTracerProvider,
    exporter: InMemorySpanExporter,
}

fn traced(sampler: Sampler) -> Traced {
    let exporter = InMemorySpanExporter::default();
    let provider =
        SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).with_sampler(sampler).build();
    let fabric = Fabric::builder().tracer(OtelTracer::new(provider.tracer("test"))).build();
    Traced { fabric, provider, exporter }
}

impl Traced {
    /// What was exported since this was asked for the last time.
    fn take(&self) -> Vec<SpanData> {
        let spans = self.exporter.get_finished_spans().unwrap();
        self.exporter.reset();
        spans
    }

    fn channel<M: Message>(&self, name: &str) -> stratoswarm_core::Channel<M> {
        self.fabric.channel(name).open().unwrap()
    }
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|it| it.key.as_str() == key).map(|it| it.value.to_string())
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    spans.iter().map(|span| &*span.name).collect()
}

#[tokio::test]
async fn a_send_begins_a_trace_and_its_handling_goes_on_with_it() {
    let traced = traced(Sampler::AlwaysOn);
    let jobs = traced.channel::<Job>("jobs");
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    jobs.send(Job(2)).await.unwrap();
    drop(worker.recv().await.unwrap());
    let [first, second, process] = traced.take().try_into().unwrap();
    assert_eq!(names(&[first.clone(), process.clone()]), ["send jobs", "process jobs"]);
    assert_eq!((&first.span_kind, &process.span_kind), (&SpanKind::Producer, &SpanKind::Consumer));
    assert_eq!(first.parent_span_id, SpanId::INVALID);
    assert!(first.links.is_empty(), "sent in no span");
    assert_ne!(first.span_context.trace_id(), second.span_context.trace_id(), "each is a trace of its own");
    assert_eq!(process.parent_span_id, first.span_context.span_id());
    assert_eq!(process.span_context.trace_id(), first.span_context.trace_id());

    let of = |span: &SpanData| -> Vec<(String, String)> {
        span.attributes.iter().map(|it| (it.key.to_string(), it.value.to_string())).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let sent = [
        ("messaging.system", "stratoswarm"),
        ("messaging.destination.name", "jobs"),
        ("messaging.operation.type", "send"),
        ("messaging.operation.name", "send"),
    ];
    assert_eq!(of(&first), pairs(&sent));
    let processed = [
        ("messaging.system", "stratoswarm"),
        ("messaging.destination.name", "jobs"),
        ("messaging.operation.type", "process"),
        ("messaging.operation.name", "process"),
        ("messaging.consumer.group.name", "workers"),
        ("messaging.message.id", "0"),
    ];
    assert_eq!(of(&process), pairs(&processed));
    assert!(process.start_time >= first.end_time, "handled after it was sent");
}

#[tokio::test]
async fn what_is_sent_while_something_is_handled_links_to_that() {
    let traced = traced(Sampler::AlwaysOn);
    let (jobs, steps) = (traced.channel::<Job>("jobs"), traced.channel::<Job>("steps"));
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    let job = worker.recv().await.unwrap();
    steps.send(Job(2)).within(&job).await.unwrap();
    async { steps.send(Job(3)).await }.with_context(context_of(&job)).await.unwrap();
    drop(job);
    let [_, said, ambient, process] = traced.take().try_into().unwrap();
    for step in [said, ambient] {
        assert_eq!(step.parent_span_id, SpanId::INVALID, "a trace of its own");
        assert_ne!(step.span_context.trace_id(), process.span_context.trace_id());
        let links: Vec<_> = step.links.iter().map(|link| link.span_context.span_id()).collect();
        assert_eq!(links, [process.span_context.span_id()]);
    }
}

#[tokio::test]
async fn a_request_is_a_child_of_where_it_is_asked() {
    let traced = traced(Sampler::AlwaysOn);
    let (outer, inner) = (traced.channel::<Double>("outer"), traced.channel::<Double>("inner"));
    let (outer_jobs, inner_jobs) = (outer.join("outer"), inner.join("inner"));
    tokio::spawn(serve(outer_jobs, 1, move |delivery| {
        let inner = inner.clone();
        async move {
            let half = inner.request(Double(delivery.0)).within(&delivery).await.unwrap();
            delivery.reply(2 * half);
        }
    }));
    tokio::spawn(serve(inner_jobs, 1, async |delivery| {
        let double = 2 * delivery.0;
        delivery.reply(double);
    }));
    let tracer = traced.provider.tracer("caller");
    let caller = opentelemetry::Context::new().with_span(tracer.start("caller"));
    let answer = outer.request(Double(3)).with_context(caller.clone()).await;
    assert_eq!(answer, Ok(12));
    drop(caller);
    for _ in 0..8 {
        tokio::task::yield_now().await; // until the handlers are done with what they have answered
    }
    let spans = traced.take();
    let find = |name: &str| {
        spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{:?}", names(&spans)))
    };
    let chain = ["caller", "request outer", "process outer", "request inner", "process inner"].map(find);
    for pair in chain.windows(2) {
        assert_eq!(
            pair[1].parent_span_id,
            pair[0].span_context.span_id(),
            "{} in {}",
            pair[1].name,
            pair[0].name
        );
    }
    assert_eq!(spans.len(), chain.len());
    assert_eq!(attribute(chain[1], "messaging.operation.type").as_deref(), Some("send"));
    assert!(chain[1].end_time >= chain[3].end_time, "the caller has waited for it");
}

#[tokio::test(start_paused = true)]
async fn what_failed_says_why() {
    let traced = traced(Sampler::AlwaysOn);
    let jobs = traced.fabric.channel::<Double>("jobs").capacity(1).open().unwrap();
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    let late = jobs.request(Double(1)).timeout(Duration::from_secs(1)).await;
    assert!(late.is_err());
    jobs.send(Double(1)).await.unwrap();
    assert!(jobs.try_send(Double(2)).is_err());
    let handler = tokio::spawn(async move {
        let _first = worker.recv().await.unwrap();
        panic!("the handler's");
    });
    assert!(handler.await.is_err());
    let spans = traced.take();
    let failed: Vec<_> = spans
        .iter()
        .map(|span| {
            (&*span.name, attribute(span, "error.type").unwrap_or_default(), span.status != Status::Unset)
        })
        .collect();
    let expected = [
        ("request jobs", "expired".to_owned(), true),
        ("send jobs", String::new(), false),
        ("send jobs", "full".to_owned(), true),
        ("process jobs", "panic".to_owned(), true),
    ];
    assert_eq!(failed, expected);
}

#[tokio::test]
async fn a_delivery_that_is_made_again_says_so() {
    let traced = traced(Sampler::AlwaysOn);
    let jobs = traced.channel::<Job>("jobs");
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    jobs.send(Job(1)).await.unwrap();
    drop(worker.recv().await.unwrap());
    worker.recv().await.unwrap().into_acked().1.ack();
    let spans = traced.take();
    assert_eq!(names(&spans), ["send jobs", "process jobs", "process jobs"]);
    let attempts: Vec<_> = spans.iter().map(|span| attribute(span, "stratoswarm.delivery.attempt")).collect();
    assert_eq!(attempts, [None, None, Some("2".to_owned())]);
}

#[tokio::test]
async fn what_is_not_sampled_is_not_exported_and_requests_keep_to_their_callers() {
    let traced = traced(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
    let jobs = traced.channel::<Double>("jobs");
    let mut worker = jobs.join("workers");
    jobs.send(Double(1)).await.unwrap();
    let sent = worker.recv().await.unwrap();
    assert!(sent.trace().is_none(), "nothing goes along");
    drop(sent);
    let (answer, ()) = tokio::join!(jobs.request(Double(2)), async {
        let asked = worker.recv().await.unwrap();
        assert!(asked.trace().is_some_and(|trace| !trace.is_sampled()));
        asked.reply(4);
    });
    assert_eq!(answer, Ok(4));
    assert!(traced.take().is_empty());
}

#[tokio::test]
async fn without_a_provider_nothing_goes_along() {
    let fabric = Fabric::builder().tracer(OtelTracer::global()).build();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    let job = worker.recv().await.unwrap();
    assert!(job.trace().is_none());
    assert!(!context_of(&job).has_active_span());
}
