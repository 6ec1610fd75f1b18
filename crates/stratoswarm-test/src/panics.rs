//! Panics of a run are told once, in its report, and not to standard error each time.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
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
    LAST.set(None);
    run()
}

fn keep(info: &PanicHookInfo<'_>) {
    let at = info.location().map_or_else(String::new, |at| format!(" at {at}"));
    let text = format!("panicked{at}:\n{}", text(info.payload()));
    let _ = LAST.try_with(|last| last.replace(Some(text)));
}

/// What the last panic said and where; else what it was thrown with.
pub(crate) fn told(payload: &(dyn Any + Send)) -> String {
    LAST.take().unwrap_or_else(|| text(payload).to_owned())
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}
