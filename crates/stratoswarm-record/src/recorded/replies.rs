use std::collections::HashMap;

use serde::Deserialize;

use super::{
    ReadError, Recorded,
    scan::{failed, walk},
};
use crate::{cbor, mcap::Event};

/// The replies that a recording has to the requests of one channel, encoded, by the numbers of those.
pub(crate) type RepliesOf = HashMap<u64, Vec<u8>>;

/// What became of a message, as far as it matters here.
#[derive(Deserialize)]
struct Outcome {
    n: u64,
}

/// The replies that a recording has, by the names of the channels; of several to one request the first.
///
/// # Errors
/// [`ReadError`] if a file cannot be read any more, or what became of a message cannot be decoded.
pub(crate) fn replies(recorded: &Recorded) -> Result<HashMap<String, RepliesOf>, ReadError> {
    let mut all: HashMap<String, RepliesOf> = HashMap::new();
    for path in recorded.paths() {
        let mut channels = HashMap::new();
        let mut walk = walk(path)?;
        while let Some(event) = walk.next().map_err(|error| failed(path, error))? {
            match event {
                Event::Channel(channel) => {
                    let of = channel.topic.strip_suffix("/outcomes");
                    if let Some(of) = of.filter(|of| recorded.channel(of).is_some()) {
                        channels.insert(channel.id, of.to_owned());
                    }
                }
                Event::Message { at, channel, body, .. } => {
                    let Some(channel) = channels.get(&channel) else { continue };
                    let read = cbor4ii::serde::from_slice(body).map_err(|error| error.to_string());
                    let reply = cbor::field(body, "R").map_err(str::to_owned);
                    let (Outcome { n }, reply) =
                        read.and_then(|outcome| Ok((outcome, reply?))).map_err(|why| ReadError::Message {
                            path: path.clone(),
                            at,
                            channel: channel.clone(),
                            why,
                        })?;
                    if let Some(reply) = reply {
                        let of_channel = all.entry(channel.clone()).or_default();
                        of_channel.entry(n).or_insert_with(|| reply.to_vec());
                    }
                }
                _ => {}
            }
        }
    }
    Ok(all)
}
