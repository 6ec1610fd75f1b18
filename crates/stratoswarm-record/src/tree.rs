//! Messages whose type is not known: what CBOR says of itself.

use std::{cell::Cell, fmt};

use cbor4ii::core::{Value, enc::Encode as _, utils::BufWriter};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many values a message may have that is looked into: in memory each may take a hundred times what it takes in the file.
const MOST_VALUES: usize = 200_000;

/// How long its text may be.
const MOST_TEXT: usize = 12 << 20;

/// A message as a tree of values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree(pub(crate) Value);

impl Tree {
    /// That of a recorded message.
    pub(crate) fn of_message(body: &[u8]) -> Result<Self, String> {
        let left = Cell::new(MOST_VALUES);
        let mut reader = cbor4ii::serde::Deserializer::new(cbor4ii::core::utils::SliceReader::new(body));
        let read = reader.deserialize_map(Body(&left));
        read.map(Self).map_err(|error| error.to_string())
    }

    /// That of the whole record.
    pub(crate) fn of_record(body: &[u8]) -> Result<Self, String> {
        let left = Cell::new(MOST_VALUES);
        let mut reader = cbor4ii::serde::Deserializer::new(cbor4ii::core::utils::SliceReader::new(body));
        Any(&left).deserialize(&mut reader).map(Self).map_err(|error| error.to_string())
    }

    /// What is under this key, if it is a map that has it.
    pub(crate) fn into_field(self, key: &str) -> Option<Self> {
        let Value::Map(pairs) = self.0 else { return None };
        let found = pairs.into_iter().find(|(name, _)| matches!(name, Value::Text(name) if name == key));
        found.map(|(_, value)| Self(value))
    }

    /// As CBOR; none if it cannot be encoded.
    pub(crate) fn encoded(&self) -> Option<Vec<u8>> {
        let mut into = BufWriter::new(Vec::new());
        self.0.encode(&mut into).ok()?;
        Some(into.into_inner())
    }

    /// As JSON, if that is not too long.
    pub(crate) fn json(&self) -> Result<String, String> {
        self.within(i128::MAX)
    }

    /// The same with integers as text that are not exact in a reader that takes all numbers for fractions.
    pub(crate) fn safe_json(&self) -> Result<String, String> {
        self.within(1 << 53)
    }

    fn within(&self, most: i128) -> Result<String, String> {
        let mut text = String::new();
        put(&self.0, most, &mut text);
        if text.len() <= MOST_TEXT {
            Ok(text)
        } else {
            Err(format!("as text it has more than {MOST_TEXT} bytes"))
        }
    }

    /// As JSON, or why not.
    pub(crate) fn text(&self) -> String {
        self.json().unwrap_or_else(|why| why)
    }
}

fn put(value: &Value, most: i128, into: &mut String) {
    if into.len() > MOST_TEXT {
        return;
    }
    match value {
        Value::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) if value.saturating_abs() > most => put_text(&value.to_string(), into),
        Value::Integer(value) => into.push_str(&value.to_string()),
        Value::Float(value) if value.is_finite() => into.push_str(&format!("{value:?}")),
        Value::Float(value) => put_text(&value.to_string(), into),
        Value::Bytes(bytes) => put_text(&base64(bytes), into),
        Value::Text(text) => put_text(text, into),
        Value::Array(values) => {
            into.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                put(value, most, into);
            }
            into.push(']');
        }
        Value::Map(pairs) => {
            into.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                put_text(&key_text(key), into);
                into.push(':');
                put(value, most, into);
            }
            into.push('}');
        }
        Value::Tag(_, value) => put(value, most, into),
        _ => into.push_str("null"),
    }
}

/// A map's key as a path names it.
pub(crate) fn key_text(key: &Value) -> String {
    match key {
        Value::Text(text) => text.clone(),
        other => {
            let mut text = String::new();
            put(other, i128::MAX, &mut text);
            text
        }
    }
}

fn put_text(text: &str, into: &mut String) {
    into.push('"');
    for letter in text.chars() {
        if into.len() > MOST_TEXT {
            return;
        }
        match letter {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            letter if letter.is_control() => into.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => into.push(letter),
        }
    }
    into.push('"');
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Reads a record, and of it the message alone.
struct Body<'a>(&'a Cell<usize>);

impl<'de> Visitor<'de> for Body<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        while let Some(key) = pairs.next_key::<String>()? {
            if key == "m" {
                let value = pairs.next_value_seed(Any(self.0))?;
                while pairs.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(value);
            }
            pairs.next_value::<IgnoredAny>()?;
        }
        Err(A::Error::missing_field("m"))
    }
}

/// Reads any value, within the depth that the decoder allows, and of so many parts at most.
struct Any<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(D::Error::custom(format!("it has more than {MOST_VALUES} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        i128::try_from(value).map(Value::Integer).map_err(|_| E::custom("a number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element_seed(Any(self.0))? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = pairs.next_key_seed(Any(self.0))? {
            all.push((key, pairs.next_value_seed(Any(self.0))?));
        }
        Ok(Value::Map(all))
    }
}
