use std::sync::Arc;

use stratoswarm_core::{
    ChannelRegistry,
    messages::{BufferId, CostPlan, Resources},
};

use super::{Agent, Client, Context, Meter, Settings, Stop, SwarmError};

/// The life of one agent on channels that others serve, as [`run`](super::run()) has many: it gets its place, lives through so
/// many generations of a problem of `cities` cities, and gives all back; how many tours it has had improved. For tests of the
/// agent alone.
///
/// # Errors
/// A component is missing, does not answer, or refuses. What it holds then it does not give back.
pub async fn alone(
    registry: ChannelRegistry,
    cities: usize,
    plan: CostPlan,
    needs: Resources,
    generations: u64,
) -> Result<u64, SwarmError> {
    let context = Context {
        seed: 1,
        cities,
        problem: BufferId::from_u128(1),
        plan,
        needs,
        mutation_rate: Settings::default().mutation_rate,
        stop: Arc::new(Stop::new()),
    };
    let mut agent = Agent::spawn(0, Arc::new(context), Client::new(registry, "agent", Meter::new())).await?;
    agent.advance(generations).await?;
    agent.immigrate(0).await?;
    agent.advance(1).await?;
    let tasks = agent.tasks();
    agent.retire().await?;
    Ok(tasks)
}
