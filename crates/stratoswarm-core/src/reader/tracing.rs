use crate::{
    engine::Taken,
    request::{AnyCell, TraceCell},
    trace::TracingGroup,
};

impl<M> Taken<M> {
    /// It is handed out, outside of every lock: its handling begins, if it belongs to a trace.
    #[inline]
    pub(super) fn begin_trace(&mut self, tracing: Option<&TracingGroup>) {
        if let Some(tracing) = tracing {
            self.begin_trace_by(tracing);
        }
    }

    #[cold]
    fn begin_trace_by(&mut self, tracing: &TracingGroup) {
        let Some(cell) = self.request.cell() else { return };
        let (Some(context), attempt) = (cell.trace(), AnyCell::attempt(cell)) else { return };
        if let Some(span) = tracing.begin(context, self.number, attempt) {
            self.request = TraceCell::handling(span, std::mem::take(&mut self.request));
        }
    }
}
