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
    /// The flow of this message: `fresh`, if there is none of its key. So has one whose key panics.
    fn flow(&mut self, message: &M, fresh: Slot) -> Slot;

    /// There is nothing of this flow any more.
    fn forget(&mut self, flow: Slot);

    /// The type of the keys.
    fn key_type(&self) -> TypeId;
}

/// Keys as a function makes them. They are compared, and not only hashed.
pub(super) struct KeyTable<K, F> {
    key: F,
    flows: HashMap<K, Slot>,
    keys: HashMap<Slot, K>,
}

impl<K, F> KeyTable<K, F> {
    pub(super) fn new(key: F) -> Self {
        Self { key, flows: HashMap::new(), keys: HashMap::new() }
    }
}

impl<M, K, F> Keys<M> for KeyTable<K, F>
where
    K: Hash + Eq + Clone + Send + 'static,
    F: Fn(&M) -> K + Send,
{
    fn flow(&mut self, message: &M, fresh: Slot) -> Slot {
        let find = || {
            let key = (self.key)(message);
            if let Some(flow) = self.flows.get(&key) {
                return *flow;
            }
            self.keys.insert(fresh, key.clone());
            self.flows.insert(key, fresh);
            fresh
        };
        catch_unwind(AssertUnwindSafe(|| sync::users(find))).unwrap_or(fresh)
    }

    fn forget(&mut self, flow: Slot) {
        let forget = || {
            if let Some(key) = self.keys.remove(&flow)
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
