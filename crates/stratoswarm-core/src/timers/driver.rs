use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
    thread,
};

use parking_lot::Mutex;
use tokio::{
    runtime::{Handle, Id},
    sync::Notify,
    time::Instant,
};

use super::table::Table;

/// The tables of the runtimes that are there.
static RUNTIMES: Mutex<Vec<(Id, Arc<Table>)>> = Mutex::new(Vec::new());

/// The table of whoever is in no runtime, or in one without a clock.
static OUTSIDE: OnceLock<Arc<Table>> = OnceLock::new();

thread_local! {
    /// The table that this thread used last.
    static LAST: RefCell<Option<(Id, Arc<Table>)>> = const { RefCell::new(None) };
}

/// The table that serves the current thread's runtime; its driver is started if there is none.
pub(super) fn table() -> Arc<Table> {
    let Ok(runtime) = Handle::try_current() else { return Arc::clone(outside()) };
    let id = runtime.id();
    let cached = LAST.try_with(|last| match &*last.borrow() {
        Some((known, table)) if *known == id && !table.is_dead() => Some(Arc::clone(table)),
        _ => None,
    });
    if let Ok(Some(table)) = cached {
        return table;
    }
    let table = of_runtime(&runtime);
    let _ = LAST.try_with(|last| *last.borrow_mut() = Some((id, Arc::clone(&table))));
    table
}

/// Whether this table is the one that serves the current thread's runtime.
pub(super) fn serves_here(table: &Arc<Table>) -> bool {
    !table.is_dead() && Arc::ptr_eq(&self::table(), table)
}

fn of_runtime(runtime: &Handle) -> Arc<Table> {
    let mut runtimes = RUNTIMES.lock();
    let known = runtimes.iter().find(|(id, _)| *id == runtime.id());
    if let Some((_, table)) = known {
        return Arc::clone(table);
    }
    let notify = Arc::new(Notify::new());
    let wake = Arc::clone(&notify);
    let table = Arc::new(Table::new(Box::new(move || wake.notify_one())));
    runtimes.push((runtime.id(), Arc::clone(&table)));
    drop(runtimes);
    let guard = Guard { id: runtime.id(), table: Arc::clone(&table) };
    drop(runtime.spawn(drive(guard, notify)));
    table
}

/// Serves a runtime's table for as long as the runtime lives.
async fn drive(guard: Guard, notify: Arc<Notify>) {
    loop {
        match guard.table.fire() {
            None => notify.notified().await,
            Some(next) => {
                tokio::select! {
                    () = tokio::time::sleep_until(next) => {}
                    () = notify.notified() => {}
                }
            }
        }
    }
}

/// Takes a table out of service when its runtime ends.
struct Guard {
    id: Id,
    table: Arc<Table>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        RUNTIMES.lock().retain(|(id, _)| *id != self.id);
        self.table.die();
    }
}

fn outside() -> &'static Arc<Table> {
    OUTSIDE.get_or_init(|| {
        let driver: Arc<OnceLock<thread::Thread>> = Arc::default();
        let wake = Arc::clone(&driver);
        let table = Arc::new(Table::new(Box::new(move || {
            if let Some(thread) = wake.get() {
                thread.unpark();
            }
        })));
        let served = Arc::clone(&table);
        // Where no thread can be started, deadlines are seen whenever a request is polled.
        let started = thread::Builder::new().name("stratoswarm-timers".into()).spawn(move || {
            loop {
                match served.fire() {
                    None => thread::park(),
                    Some(next) => thread::park_timeout(next.saturating_duration_since(Instant::now())),
                }
            }
        });
        if let Ok(handle) = started {
            let _ = driver.set(handle.thread().clone());
            handle.thread().unpark(); // what was armed before the driver was known
        }
        table
    })
}
