use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// What a function returns; none if it panics, of which nothing is told. The database's code takes what it reads from a damaged
/// file for its own bug, and asserts.
pub(super) fn silenced<T>(act: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !SILENT.get() {
                before(panic);
            }
        }));
    });
    SILENT.set(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    SILENT.set(false);
    done.ok()
}
