//! Types of others that travel as they are, and are never answered.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{Message, NoReply};

macro_rules! messages {
    ($($type:ty),* $(,)?) => {
        $(impl Message for $type {
            type Reply = NoReply;
        })*
    };
}

messages!((), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);
messages!(Duration);

/// Those that weigh what they are long.
macro_rules! long {
    ($($type:ty),*) => {
        $(impl Message for $type {
            type Reply = NoReply;

            fn weight(&self) -> usize {
                self.len()
            }
        })*
    };
}

long!(&'static str, String, Bytes);
#[cfg(feature = "uuid")]
messages!(uuid::Uuid);

/// Those of them that are one type each have their own names.
#[cfg(feature = "serde")]
macro_rules! wires {
    ($($type:ty as $name:literal),* $(,)?) => {
        $(crate::wire!($type as $name);)*
    };
}

#[cfg(feature = "serde")]
wires!(
    bool as "bool", char as "char", String as "string", Bytes as "bytes", f32 as "f32", f64 as "f64",
    u8 as "u8", u16 as "u16", u32 as "u32", u64 as "u64", usize as "usize",
    i8 as "i8", i16 as "i16", i32 as "i32", i64 as "i64", isize as "isize",
);

impl<T: Clone + Send + 'static> Message for Vec<T> {
    type Reply = NoReply;

    fn weight(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

impl<T: Clone + Send + 'static> Message for Option<T> {
    type Reply = NoReply;
}

impl<T: Clone + Send + 'static> Message for Box<T> {
    type Reply = NoReply;

    fn weight(&self) -> usize {
        size_of::<T>()
    }
}

impl<T: Send + Sync + 'static + ?Sized> Message for Arc<T> {
    type Reply = NoReply;

    fn weight(&self) -> usize {
        size_of_val(&**self)
    }
}

impl<T: Clone + Send + 'static, E: Clone + Send + 'static> Message for Result<T, E> {
    type Reply = NoReply;
}

macro_rules! tuples {
    ($($($part:ident)+;)*) => {
        $(impl<$($part: Clone + Send + 'static),+> Message for ($($part,)+) {
            type Reply = NoReply;
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}
