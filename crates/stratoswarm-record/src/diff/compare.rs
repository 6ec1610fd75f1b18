//! Trees of values, side by side.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher as _},
};

use cbor4ii::core::Value;

use crate::{
    paths::{leads_to, pointer},
    tree::{Tree, key_text},
};

/// What of the messages of one channel is passed over, and what may have another name.
pub(crate) struct Rules {
    pub(crate) ignored: Vec<Vec<String>>,
    pub(crate) renamed: Vec<Vec<String>>,
}

/// Which value of the one stands for which of the other.
#[derive(Default)]
pub(crate) struct Names {
    there: HashMap<String, String>,
    back: HashMap<String, String>,
    /// What came in since two messages were last found to be the same.
    fresh: Vec<(String, String)>,
}

impl Names {
    /// Whether these two may stand for each other, and do from now on.
    fn fit(&mut self, a: &Value, b: &Value) -> bool {
        let (a, b) = (Tree(a.clone()).text(), Tree(b.clone()).text());
        match (self.there.get(&a), self.back.get(&b)) {
            (Some(other), Some(_)) => *other == b, // and the other way round
            (None, None) => {
                self.there.insert(a.clone(), b.clone());
                self.back.insert(b.clone(), a.clone());
                self.fresh.push((a, b));
                true
            }
            _ => false,
        }
    }

    /// Two messages were compared: what came in by it stays, if they are the same.
    fn settle(&mut self, same: bool) {
        for (a, b) in self.fresh.drain(..).filter(|_| !same) {
            self.there.remove(&a);
            self.back.remove(&b);
        }
    }
}

/// Where two values differ, and how: as JSON, none where one of them has nothing.
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) a: Option<String>,
    pub(crate) b: Option<String>,
}

/// The first difference between two messages.
pub(crate) fn difference(a: &Tree, b: &Tree, rules: &Rules, names: &mut Names) -> Option<Difference> {
    let found = differ(&a.0, &b.0, &mut Vec::new(), rules, names);
    names.settle(found.is_none());
    found
}

fn differ(
    a: &Value,
    b: &Value,
    here: &mut Vec<String>,
    rules: &Rules,
    names: &mut Names,
) -> Option<Difference> {
    if leads_to(&rules.ignored, here) {
        return None;
    }
    let told = |here: &[String], a: Option<&Value>, b: Option<&Value>| {
        let json = |value: &Value| Tree(value.clone()).text();
        Some(Difference { path: pointer(here), a: a.map(json), b: b.map(json) })
    };
    if leads_to(&rules.renamed, here) {
        return if names.fit(a, b) { None } else { told(here, Some(a), Some(b)) };
    }
    match (a, b) {
        (Value::Float(one), Value::Float(other)) if one.to_bits() == other.to_bits() => None,
        (Value::Array(one), Value::Array(other)) => {
            let pairs =
                (0..one.len().max(other.len())).map(|at| (at.to_string(), one.get(at), other.get(at)));
            inside(pairs, here, rules, names)
        }
        (Value::Map(one), Value::Map(other)) => {
            let (one, other) = (by_key(one), by_key(other));
            let of_one = one.iter().map(|(key, value)| (key.clone(), Some(*value), other.get(key).copied()));
            let others = other.iter().filter(|(key, _)| !one.contains_key(*key));
            let of_other = others.map(|(key, value)| (key.clone(), None, Some(*value)));
            inside(of_one.chain(of_other), here, rules, names)
        }
        (Value::Tag(one, a), Value::Tag(other, b)) if one == other => differ(a, b, here, rules, names),
        (Value::Float(_), Value::Float(_)) => told(here, Some(a), Some(b)),
        _ if a == b => None,
        _ => told(here, Some(a), Some(b)),
    }
}

fn inside<'v>(
    pairs: impl Iterator<Item = (String, Option<&'v Value>, Option<&'v Value>)>,
    here: &mut Vec<String>,
    rules: &Rules,
    names: &mut Names,
) -> Option<Difference> {
    for (key, a, b) in pairs {
        here.push(key);
        let found = match (a, b) {
            (Some(a), Some(b)) => differ(a, b, here, rules, names),
            _ if leads_to(&rules.ignored, here) => None,
            _ => {
                let json = |value: &Value| Tree(value.clone()).text();
                Some(Difference { path: pointer(here), a: a.map(json), b: b.map(json) })
            }
        };
        here.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

fn by_key(pairs: &[(Value, Value)]) -> BTreeMap<String, &Value> {
    pairs.iter().map(|(key, value)| (key_text(key), value)).collect()
}

/// A number that two messages have in common where they are the same, and hardly ever else; what may have another name counts as
/// the same.
pub(super) fn fingerprint(tree: &Tree, rules: &Rules) -> u128 {
    let mut mark = Mark([0u8, 1].map(|half| {
        let mut hasher = DefaultHasher::new();
        half.hash(&mut hasher);
        hasher
    }));
    mark.feed(&tree.0, &mut Vec::new(), rules);
    mark.0.iter().fold(0, |all, half| all << 64 | u128::from(half.finish()))
}

/// A hash of 128 bits.
struct Mark([DefaultHasher; 2]);

impl Mark {
    fn put(&mut self, what: impl Hash) {
        for half in &mut self.0 {
            what.hash(half);
        }
    }

    fn feed(&mut self, value: &Value, here: &mut Vec<String>, rules: &Rules) {
        if leads_to(&rules.ignored, here) || leads_to(&rules.renamed, here) {
            return self.put(0u8);
        }
        match value {
            Value::Bool(value) => self.put((1u8, value)),
            Value::Integer(value) => self.put((2u8, value)),
            Value::Float(value) => self.put((3u8, value.to_bits())),
            Value::Bytes(value) => self.put((4u8, value)),
            Value::Text(value) => self.put((5u8, value)),
            Value::Array(values) => {
                self.put((6u8, values.len()));
                for (at, value) in values.iter().enumerate() {
                    here.push(at.to_string());
                    self.feed(value, here, rules);
                    here.pop();
                }
            }
            Value::Map(pairs) => {
                self.put(7u8);
                for (key, value) in by_key(pairs) {
                    here.push(key);
                    // A key that is ignored may be missing in the other.
                    if !leads_to(&rules.ignored, here) {
                        self.put((8u8, here.last()));
                        self.feed(value, here, rules);
                    }
                    here.pop();
                }
                self.put(9u8);
            }
            Value::Tag(tag, value) => {
                self.put((10u8, tag));
                self.feed(value, here, rules);
            }
            _ => self.put(11u8),
        }
    }
}
