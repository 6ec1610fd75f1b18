use std::sync::Arc;

use stratoswarm::{
    report::Progress,
    swarm::{self, Component, Settings, Stop, SwarmError},
    tsplib::parse_instance,
};

use stratoswarm_core::ChannelRegistry;

use crate::program::{berlin52, program, refused};

async fn run(without: Vec<Component>) -> Result<i64, SwarmError> {
    let instance = parse_instance(include_bytes!("../../../../data/berlin52.tsp")).unwrap();
    let settings = Settings { agents: 2, generations: Some(1), without, ..Settings::default() };
    let outcome = swarm::run(
        Arc::new(instance),
        settings,
        Progress::silent(),
        Arc::new(Stop::new()),
        ChannelRegistry::new(),
    )
    .await?;
    Ok(outcome.best_length)
}

async fn is_needed(component: Component) {
    assert_eq!(run(vec![component]).await, Err(SwarmError::Missing { component }));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_of_them_there_is_a_result() {
    assert!(run(Vec::new()).await.unwrap() >= 7542);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_device_is_needed() {
    is_needed(Component::Device).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evolution_is_needed() {
    is_needed(Component::Evolution).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_is_needed() {
    is_needed(Component::Scheduler).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_governor_is_needed() {
    is_needed(Component::Governor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_model_is_needed() {
    is_needed(Component::Cost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monitor_is_needed() {
    is_needed(Component::Efficiency).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_knowledge_is_needed() {
    is_needed(Component::Knowledge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_observer_is_needed() {
    is_needed(Component::Events).await;
}

#[test]
fn the_program_fails_with_the_reason_on_one_line() {
    let berlin52 = berlin52();
    for component in Component::ALL {
        let output = program(&["run", berlin52.to_str().unwrap(), "--without", component.name()]);
        refused(&output, 1, &["needs the component", component.name()]);
    }
}
