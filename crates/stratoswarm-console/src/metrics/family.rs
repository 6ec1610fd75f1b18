use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};

use super::TimesRow;

/// A name, and what it is for each set of labels.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    samples: Samples,
}

#[derive(Debug)]
enum Samples {
    Gauges(Vec<(Labels, f64)>),
    Counters(Vec<(Labels, f64)>),
    Histograms(Vec<(Labels, TimesRow)>),
}

pub(super) type Labels = Vec<(&'static str, String)>;

/// All that one scrape gets.
#[derive(Debug, Default)]
pub(super) struct Families(Vec<Family>);

impl Families {
    /// What goes up and down.
    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        let samples = samples.into_iter().collect();
        self.0.push(Family { name, help, samples: Samples::Gauges(samples) });
    }

    /// What only goes up; its name gets `_total` behind it.
    pub(super) fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, u64)>,
    ) {
        let samples = samples.into_iter().map(|(labels, value)| (labels, value as f64)).collect();
        self.0.push(Family { name, help, samples: Samples::Counters(samples) });
    }

    /// How long something took.
    pub(super) fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (Labels, TimesRow)>,
    ) {
        let samples = samples.into_iter().collect();
        self.0.push(Family { name, help, samples: Samples::Histograms(samples) });
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Family { name, help, samples } in &self.0 {
            let kind = match samples {
                Samples::Gauges(_) => MetricType::Gauge,
                Samples::Counters(_) => MetricType::Counter,
                Samples::Histograms(_) => MetricType::Histogram,
            };
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            match samples {
                Samples::Gauges(samples) => {
                    for (labels, value) in samples {
                        family.encode_family(labels)?.encode_gauge(value)?;
                    }
                }
                Samples::Counters(samples) => {
                    for (labels, value) in samples {
                        let mut sample = family.encode_family(labels)?;
                        sample.encode_counter::<[(&str, &str); 0], _, f64>(value, None)?;
                    }
                }
                Samples::Histograms(samples) => {
                    for (labels, row) in samples {
                        let (sum, buckets) = (row.seconds(), row.buckets());
                        let mut sample = family.encode_family(labels)?;
                        sample.encode_histogram::<[(&str, &str); 0]>(sum, row.messages(), &buckets, None)?;
                    }
                }
            }
        }
        Ok(())
    }
}
