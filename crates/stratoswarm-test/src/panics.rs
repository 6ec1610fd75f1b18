//! Panics of a run are told once, in its report, and not to standard error each time. Those that nobody takes for it, as of tasks that
//! the kit did not start, are told there, as without the kit; the same ones of further seeds are not.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static TOLD: RefCell<Option<String>> = const { RefCell::new(None) };
}

static INSTALLED: Once = Once::new();

/// Runs something whose panics are kept and not told.
pub(crate) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            let _ = QUIET.try_with(|quiet| quiet.set(self.0));
        }
    }
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if QUIET.try_with(Cell::get).unwrap_or(false) { keep(info) } else { before(info) }
        }));
    });
    let _back = Back(QUIET.replace(true));
    KEPT.take();
    let result = run();
    for text in KEPT.take() {
        if TOLD.replace(Some(text.clone())).as_ref() != Some(&text) {
            eprintln!("a task that the kit did not start {text}");
        }
    }
    result
}

fn keep(info: &PanicHookInfo<'_>) {
    let at = info.location().map_or_else(String::new, |at| format!(" at {at}"));
    let text = format!("panicked{at}:\n{}", text(info.payload()));
    let _ = KEPT.try_with(|kept| kept.borrow_mut().push(text));
}

/// What the last panic said and where; else what it was thrown with.
pub(crate) fn told(payload: &(dyn Any + Send)) -> String {
    KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(|| text(payload).to_owned())
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}
