use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// Calls and their answers, in the order in which they happened.
pub(super) struct History<S: SequentialSpec> {
    events: Mutex<Vec<(usize, Event<S>)>>,
    calls: AtomicUsize,
}

enum Event<S: SequentialSpec> {
    Called(S::Op),
    Answered(S::Ret),
    /// It is certain that it was not applied.
    Never,
}

impl<S> History<S>
where
    S: SequentialSpec + Clone + Default,
    S::Op: Clone + Debug,
    S::Ret: Clone + Debug + PartialEq,
{
    pub(super) fn new() -> Self {
        Self { events: Mutex::new(Vec::new()), calls: AtomicUsize::new(0) }
    }

    /// A call begins: which one it is.
    pub(super) fn call(&self, op: S::Op) -> usize {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.events.lock().unwrap().push((call, Event::Called(op)));
        call
    }

    pub(super) fn answer(&self, call: usize, answer: S::Ret) {
        self.events.lock().unwrap().push((call, Event::Answered(answer)));
    }

    /// It was certainly not applied, or looked at nothing.
    pub(super) fn never(&self, call: usize) {
        self.events.lock().unwrap().push((call, Event::Never));
    }

    pub(super) fn len(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) fn answers(&self) -> usize {
        self.events.lock().unwrap().iter().filter(|(_, event)| matches!(event, Event::Answered(_))).count()
    }

    /// Whether one order explains all answers. Calls without an answer may have been applied at any time, or not.
    pub(super) fn check(&self) -> Result<(), String> {
        let events = self.events.lock().unwrap();
        let never: Vec<_> =
            events.iter().filter(|(_, event)| matches!(event, Event::Never)).map(|(call, _)| *call).collect();
        let mut tester = LinearizabilityTester::new(S::default());
        // The tester looks at each of its threads at each step: a thread is used again once its call has ended.
        let (mut free, mut threads, mut used) = (Vec::new(), BTreeMap::new(), 0_usize);
        for (call, event) in events.iter().filter(|(call, _)| !never.contains(call)) {
            match event {
                Event::Called(op) => {
                    let thread = free.pop().unwrap_or_else(|| {
                        used += 1;
                        used
                    });
                    threads.insert(*call, thread);
                    tester.on_invoke(thread, op.clone()).map(drop)?;
                }
                Event::Answered(answer) => {
                    let thread = threads[call];
                    free.push(thread);
                    tester.on_return(thread, answer.clone()).map(drop)?;
                }
                Event::Never => {}
            }
        }
        if tester.is_consistent() {
            return Ok(());
        }
        let mut text = format!("no order explains this history of {}:\n", std::any::type_name::<S>());
        for (call, event) in events.iter() {
            let said = match event {
                Event::Called(op) => format!("call {op:?}"),
                Event::Answered(answer) => format!("answer {answer:?}"),
                Event::Never => "never".to_owned(),
            };
            text.push_str(&format!("  {call:3} {said}\n"));
        }
        Err(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::register_spec::{RegisterCall, RegisterSpec},
        *,
    };

    #[test]
    fn a_stale_read_is_no_history_of_a_register() {
        let history = History::<RegisterSpec>::new();
        let swap = history.call(RegisterCall::Swap(7));
        let early = history.call(RegisterCall::Read);
        history.answer(swap, 0);
        history.answer(early, 0);
        history.check().unwrap();
        let late = history.call(RegisterCall::Read);
        history.answer(late, 0);
        history.check().unwrap_err();
    }

    #[test]
    fn what_never_was_must_not_be_seen() {
        let history = History::<RegisterSpec>::new();
        let swap = history.call(RegisterCall::Swap(7));
        let read = history.call(RegisterCall::Read);
        history.answer(read, 7);
        history.check().unwrap();
        history.never(swap);
        history.check().unwrap_err();
    }
}
