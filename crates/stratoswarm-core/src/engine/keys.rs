use std::{
    any::TypeId,
    collections::HashMap,
    hash::Hash,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::slots::Slot;
use crate::sync;

/// What the messages of a group are told apart by, without the type of the keys.
pub(crate) trait Keys<M>: Send {
    /// The flow of this message: a `fresh` one, if there is none of its key; none, if its key panics.
    fn flow(&mut self, message: &M, fresh: &mut dyn FnMut() -> Slot) -> Option<Slot>;

    /// There is nothing of this flow any more.
    fn forget(&mut self, flow: Slot);

    /// The type of the keys.
    fn key_type(&self) -> TypeId;
}

/// Keys as a function makes them. They are compared, and not only hashed.
pub(super) struct KeyTable<K, F> {
    key: F,
    flows: HashMap<K, Slot>,
    /// By the numbers of the flows.
    keys: Vec<Option<K>>,
}

impl<K, F> KeyTable<K, F> {
    pub(super) fn new(key: F) -> Self {
        Self { key, flows: HashMap::new(), keys: Vec::new() }
    }
}

impl<M, K, F> Keys<M> for KeyTable<K, F>
where
    K: Hash + Eq + Clone + Send + 'static,
    F: Fn(&M) -> K + Send,
{
    fn flow(&mut self, message: &M, fresh: &mut dyn FnMut() -> Slot) -> Option<Slot> {
        let find = || {
            let key = (self.key)(message);
            if let Some(flow) = self.flows.get(&key) {
                return *flow;
            }
            let (again, flow) = (key.clone(), fresh());
            let at = flow as usize;
            if self.keys.len() <= at {
                self.keys.resize_with(at + 1, || None);
            }
            self.keys[at] = Some(again);
            self.flows.insert(key, flow);
            flow
        };
        catch_unwind(AssertUnwindSafe(|| sync::users(find))).ok()
    }

    fn forget(&mut self, flow: Slot) {
        let forget = || {
            if let Some(key) = self.keys.get_mut(flow as usize).and_then(Option::take)
                && self.flows.get(&key) == Some(&flow)
            {
                self.flows.remove(&key);
            }
        };
        let _ = catch_unwind(AssertUnwindSafe(|| sync::users(forget)));
    }

    fn key_type(&self) -> TypeId {
        TypeId::of::<K>()
    }
}
