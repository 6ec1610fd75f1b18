use std::sync::Arc;

use super::{InFlight, Log, ReaderFigures};

/// So many readers that left may be remembered before one looks which of them matter no more.
const MANY: usize = 1024;

/// A reader that left.
pub(super) struct Departed {
    figures: ReaderFigures,
    /// Its deliveries, some of which may exist still.
    in_flight: Option<Arc<InFlight>>,
    /// It is named even without work in flight.
    remembered: bool,
}

impl Departed {
    fn matters(&self) -> bool {
        self.remembered || self.in_flight() > 0
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.as_ref().map_or(0, |in_flight| in_flight.count())
    }
}

impl<M> Log<M> {
    /// Keeps the figures of a reader that has left, if a shutdown's report is to name it: it has work in flight, or it left
    /// after the close.
    pub(super) fn remember(
        &mut self,
        figures: ReaderFigures,
        in_flight: Option<Arc<InFlight>>,
        after_close: bool,
    ) {
        let remembered = after_close && figures.accepted > 0;
        if !remembered {
            self.delivered_before += figures.taken;
        }
        let departed = Departed { figures, in_flight, remembered };
        if !departed.matters() {
            return;
        }
        if self.departed.len() >= self.departed_limit {
            self.departed.retain(Departed::matters);
            let (mut surplus, mut taken) = (self.departed.len().saturating_sub(MANY / 2), 0);
            self.departed.retain(|departed| {
                let forgotten = surplus > 0 && departed.remembered && departed.in_flight() == 0;
                surplus -= usize::from(forgotten);
                taken += if forgotten { departed.figures.taken } else { 0 };
                !forgotten
            });
            self.delivered_before += taken;
            self.departed_limit = MANY.max(2 * self.departed.len());
        }
        self.departed.push(departed);
    }

    /// The figures of the readers that left and are to be named; and how many messages those among them took that count
    /// nowhere else.
    pub(super) fn departed_figures(&self) -> (Vec<ReaderFigures>, u64) {
        let matter = self.departed.iter().filter(|departed| departed.matters());
        let figures = matter
            .map(|departed| ReaderFigures { in_flight: departed.in_flight(), ..departed.figures.clone() });
        let remembered = self.departed.iter().filter(|departed| departed.remembered);
        (figures.collect(), remembered.map(|departed| departed.figures.taken).sum())
    }
}
