//! Types that have others in them: those leave the process under names that are made of the others'.

use std::marker::PhantomData;

use super::{DeadLetter, ReplyVisitor, Wire};

/// How long such a name may be; one that is longer does not compile.
const MOST: usize = 200;

/// A name that is put together while the program is compiled.
struct Name {
    bytes: [u8; MOST],
    length: usize,
}

impl Name {
    const fn joined(parts: &[&str]) -> Self {
        let (mut bytes, mut length, mut part) = ([0; MOST], 0, 0);
        while part < parts.len() {
            let (from, mut at) = (parts[part].as_bytes(), 0);
            while at < from.len() {
                assert!(length < MOST, "the name of a message is too long");
                bytes[length] = from[at];
                (length, at) = (length + 1, at + 1);
            }
            part += 1;
        }
        Self { bytes, length }
    }

    const fn text(&'static self) -> &'static str {
        let (bytes, _) = self.bytes.split_at(self.length);
        match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => "", // it is made of texts
        }
    }
}

/// The names of what has a `T` in it.
struct Names<T>(PhantomData<T>);

impl<T: Wire> Names<T> {
    const VEC: &'static Name = &Name::joined(&["vec<", T::NAME, ">"]);
    const OPTION: &'static Name = &Name::joined(&["option<", T::NAME, ">"]);
    const DEAD_LETTER: &'static Name = &Name::joined(&["dead_letter<", T::NAME, ">"]);
}

impl<T: Wire, E: Wire> Names<(T, E)> {
    const RESULT: &'static Name = &Name::joined(&["result<", T::NAME, ", ", E::NAME, ">"]);
}

macro_rules! wires {
    ($($part:ident)+, $type:ty, $name:expr) => {
        impl<$($part: Wire),+> Wire for $type {
            const NAME: &'static str = $name.text();

            fn reply<V: ReplyVisitor>(&self, visitor: V) -> V::Out {
                visitor.none()
            }
        }
    };
}

wires!(T, Vec<T>, Names::<T>::VEC);
wires!(T, Option<T>, Names::<T>::OPTION);
wires!(T, DeadLetter<T>, Names::<T>::DEAD_LETTER);
wires!(T E, Result<T, E>, Names::<(T, E)>::RESULT);

/// A box is written as what is in it, so it has its name.
impl<T: Wire> Wire for Box<T> {
    const NAME: &'static str = T::NAME;

    fn reply<V: ReplyVisitor>(&self, visitor: V) -> V::Out {
        visitor.none() // it is never answered, whatever is in it
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{DeadReason, Priority};

    #[test]
    fn names_are_made_of_names() {
        assert_eq!(Vec::<u8>::NAME, "vec<u8>");
        assert_eq!(Vec::<Option<String>>::NAME, "vec<option<string>>");
        assert_eq!(DeadLetter::<Box<bool>>::NAME, "dead_letter<bool>");
        assert_eq!(Result::<String, u64>::NAME, "result<string, u64>");
    }

    #[test]
    fn a_dead_letter_comes_back_as_it_was() {
        let letter = DeadLetter {
            channel: "jobs".to_owned(),
            group: "workers".to_owned(),
            priority: Priority::Critical,
            seq: 7,
            attempts: 3,
            reason: DeadReason::Terminated("no".to_owned()),
            message: "text".to_owned(),
        };
        let text = serde_json::to_string(&letter).unwrap();
        let back: DeadLetter<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{back:?}"), format!("{letter:?}"));
    }
}
