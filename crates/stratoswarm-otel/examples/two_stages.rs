//! A job that is sent, a worker that sends a step of it on and asks a price, and the spans that come of it.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use std::error::Error;

use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use stratoswarm_core::{
    Fabric,
    examples::{Double, Job},
    patterns::serve,
};
use stratoswarm_otel::OtelTracer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let exporter = InMemorySpanExporter::default(); // in place of one that sends them to a collector
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();

    let fabric = Fabric::builder().tracer(OtelTracer::new(provider.tracer("two_stages"))).build();
    let jobs = fabric.channel::<Job>("jobs").open()?;
    let steps = fabric.channel::<Job>("steps").open()?;
    let prices = fabric.channel::<Double>("prices").open()?;
    let (mut worker, mut helper) = (jobs.join("workers"), steps.join("helpers"));
    tokio::spawn(serve(prices.join("models"), 4, async |asked| {
        let price = 2 * asked.0;
        asked.reply(price);
    }));

    jobs.send(Job(21)).await?;
    let job = worker.recv().await.ok_or("closed")?;
    let price = prices.request(Double(job.0.into())).within(&job).await?; // a child: the worker waits for it
    steps.send(Job(job.0)).within(&job).await?; // a trace of its own, which links to this one
    drop(job);
    drop(helper.recv().await);
    println!("the price is {price}\n");

    tokio::task::yield_now().await; // `serve` is done with its delivery
    let spans = exporter.get_finished_spans()?;
    let mut traces = Vec::new();
    for span in &spans {
        let trace = span.span_context.trace_id();
        let number = traces.iter().position(|it| *it == trace).unwrap_or_else(|| {
            traces.push(trace);
            traces.len() - 1
        });
        let name = |id: SpanId| spans.iter().find(|it| it.span_context.span_id() == id).map(|it| &*it.name);
        let mut line = format!("trace {}  {:<15} {:?}", number + 1, span.name, span.span_kind);
        if let Some(parent) = name(span.parent_span_id) {
            line += &format!(", child of `{parent}`");
        }
        for link in span.links.iter() {
            line += &format!(", links to `{}`", name(link.span_context.span_id()).unwrap_or("?"));
        }
        println!("{line}");
    }
    Ok(())
}
