use std::{
    any::Any,
    panic::{RefUnwindSafe, UnwindSafe},
};

/// Who is told of the reply to a request.
pub(crate) trait Watching: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Its handler answers it.
    fn replied(&self, reply: &dyn Any);

    /// It is answered row by row, of which nothing is told.
    fn streams(&self);
}
