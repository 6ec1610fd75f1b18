use std::{
    cell::Cell,
    sync::{Arc, OnceLock},
    task::Waker,
    thread,
};

use parking_lot::Mutex;
use tokio::{
    runtime::{Handle, Id},
    sync::Notify,
    time::Instant,
};

use super::table::{Entry, Table};

/// The tables of the runtimes that are there, and those that are free for the next.
static TABLES: Mutex<Tables> = Mutex::new(Tables { of: Vec::new(), free: Vec::new(), clockless: Vec::new() });

/// The table of whoever is in no runtime, or in one without a clock.
static OUTSIDE: OnceLock<&'static Table> = OnceLock::new();

struct Tables {
    of: Vec<(Id, &'static Table)>,
    free: Vec<&'static Table>,
    /// Runtimes that turned out to have no clock: the table outside serves them.
    clockless: Vec<Id>,
}

thread_local! {
    /// The table that this thread used last.
    static LAST: Cell<Option<(Id, &'static Table)>> = const { Cell::new(None) };
}

/// Arms a deadline where the current thread's runtime serves it.
pub(super) fn arm(deadline: Instant, waker: &Waker) -> (&'static Table, Entry) {
    // Twice, because the table that this thread remembers may be out of service; a runtime that goes down has none.
    for _ in 0..2 {
        let table = table();
        if let Some(entry) = table.arm(deadline, waker) {
            return (table, entry);
        }
        let _ = LAST.try_with(|last| last.set(None));
    }
    let outside = outside();
    (outside, outside.arm_always(deadline, waker))
}

/// Whether this table is the one that serves the current thread's runtime.
pub(super) fn serves_here(table: &'static Table) -> bool {
    std::ptr::eq(self::table(), table)
}

/// The table that serves the current thread's runtime; its driver is started if there is none.
fn table() -> &'static Table {
    let Ok(runtime) = Handle::try_current() else { return outside() };
    let id = runtime.id();
    let last = LAST.try_with(Cell::get).ok().flatten();
    if let Some((_, table)) = last.filter(|(known, _)| *known == id) {
        return table;
    }
    let table = of_runtime(&runtime);
    let _ = LAST.try_with(|last| last.set(Some((id, table))));
    table
}

fn of_runtime(runtime: &Handle) -> &'static Table {
    let id = runtime.id();
    let mut tables = TABLES.lock();
    if tables.clockless.contains(&id) {
        return outside();
    }
    if let Some((_, table)) = tables.of.iter().find(|(known, _)| *known == id) {
        return table;
    }
    let table = tables.free.pop().unwrap_or_else(|| Box::leak(Box::new(Table::new())));
    let notify = Arc::new(Notify::new());
    let wake = Arc::clone(&notify);
    table.start(Box::new(move || wake.notify_one()));
    tables.of.push((id, table));
    drop(tables);
    drop(runtime.spawn(drive(Guard { id, table }, notify)));
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
    table: &'static Table,
}

impl Drop for Guard {
    fn drop(&mut self) {
        {
            let mut tables = TABLES.lock();
            tables.of.retain(|(id, _)| *id != self.id);
            if thread::panicking() {
                // tokio says only so that a runtime was built without `enable_time`.
                tables.clockless.push(self.id);
            }
        }
        self.table.die();
        TABLES.lock().free.push(self.table);
    }
}

fn outside() -> &'static Table {
    OUTSIDE.get_or_init(|| {
        let table: &'static Table = Box::leak(Box::new(Table::new()));
        let driver: Arc<OnceLock<thread::Thread>> = Arc::default();
        let wake = Arc::clone(&driver);
        table.start(Box::new(move || {
            if let Some(thread) = wake.get() {
                thread.unpark();
            }
        }));
        // Where no thread can be started, deadlines are seen whenever a request is polled.
        let started = thread::Builder::new().name("stratoswarm-timers".into()).spawn(move || {
            loop {
                match table.fire() {
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
