//! CBOR item by item, as the bytes that it is: what is cut out of it or put into it leaves all else as it was.

use std::collections::BTreeSet;

use crate::tree::{Tree, key_text};

/// How deep items may lie in each other.
const MOST_DEPTH: usize = 256;

/// Why bytes are no CBOR.
pub(crate) type Wrong = &'static str;

/// What an item begins with.
struct Head {
    major: u8,
    /// A number, a length, or a count; none where the item goes on until a break.
    argument: Option<u64>,
    /// How many bytes it takes.
    bytes: usize,
}

const BREAK: u8 = 0xff;
const CUT: Wrong = "it ends too early";

fn head(bytes: &[u8]) -> Result<Head, Wrong> {
    let (&first, rest) = bytes.split_first().ok_or(CUT)?;
    let (major, info) = (first >> 5, first & 31);
    let more = match info {
        0..24 => return Ok(Head { major, argument: Some(info.into()), bytes: 1 }),
        24..28 => 1 << (info - 24),
        31 if (2..6).contains(&major) => return Ok(Head { major, argument: None, bytes: 1 }),
        _ => return Err("an item begins as none does"),
    };
    let argument = rest.get(..more).ok_or(CUT)?;
    let argument = argument.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    Ok(Head { major, argument: Some(argument), bytes: 1 + more })
}

/// How many bytes the item has that these begin with.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Wrong> {
    let mut at = 0;
    let mut open = vec![Some(1)]; // how many items are still to come, of each that is open
    while let Some(left) = open.last_mut() {
        match left {
            Some(0) => {
                open.pop();
                continue;
            }
            Some(left) => *left -= 1,
            None if bytes.get(at) == Some(&BREAK) => {
                at += 1;
                open.pop();
                continue;
            }
            None => {}
        }
        let head = head(bytes.get(at..).ok_or(CUT)?)?;
        at += head.bytes;
        match (head.major, head.argument) {
            (2 | 3, Some(length)) => {
                let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
                at = end.filter(|&end| end <= bytes.len()).ok_or(CUT)?;
            }
            (5, Some(pairs)) => open.push(Some(pairs.checked_mul(2).ok_or(CUT)?)),
            (2..=5, count) => open.push(count),
            (6, _) => open.push(Some(1)),
            _ => {}
        }
        if open.len() > MOST_DEPTH {
            return Err("it is too deep");
        }
    }
    Ok(at)
}

/// What a map has under this key, as bytes.
pub(crate) fn field<'a>(map: &'a [u8], key: &str) -> Result<Option<&'a [u8]>, Wrong> {
    let begin = head(map)?;
    if begin.major != 5 {
        return Err("it is no map");
    }
    let (mut rest, mut left) = (&map[begin.bytes..], begin.argument);
    while more(&mut left, &mut rest) {
        let name = take(&mut rest)?;
        let value = take(&mut rest)?;
        if name_of(name)? == key {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Puts the item into `out` without what is at these paths, each with its number: text and bytes become empty, numbers zero. The
/// numbers of those that lead to something come into `found`.
pub(crate) fn clear(
    item: &[u8],
    paths: &[(usize, &[String])],
    out: &mut Vec<u8>,
    found: &mut BTreeSet<usize>,
) -> Result<(), Wrong> {
    let mut rest = item;
    copy(&mut rest, paths, MOST_DEPTH, out, found)
}

fn copy(
    rest: &mut &[u8],
    paths: &[(usize, &[String])],
    depth: usize,
    out: &mut Vec<u8>,
    found: &mut BTreeSet<usize>,
) -> Result<(), Wrong> {
    let depth = depth.checked_sub(1).ok_or("it is too deep")?;
    if paths.iter().any(|(_, path)| path.is_empty()) {
        found.extend(paths.iter().map(|(number, _)| number));
        return cleared(take(rest)?, out);
    }
    let begin = head(rest)?;
    if paths.is_empty() || !(4..7).contains(&begin.major) {
        out.extend(take(rest)?);
        return Ok(());
    }
    let (head, content) = rest.split_at(begin.bytes);
    out.extend(head);
    *rest = content;
    if begin.major == 6 {
        return copy(rest, paths, depth, out, found);
    }
    let (mut left, mut index) = (begin.argument, 0);
    while more(&mut left, rest) {
        let name = if begin.major == 4 {
            index += 1;
            (index - 1).to_string()
        } else {
            let key = take(rest)?;
            out.extend(key);
            name_of(key)?
        };
        let below: Vec<_> = paths
            .iter()
            .filter_map(|(number, path)| {
                let (first, below) = path.split_first()?;
                (first == "*" || *first == name).then_some((*number, below))
            })
            .collect();
        copy(rest, &below, depth, out, found)?;
    }
    if begin.argument.is_none() {
        out.push(BREAK);
    }
    Ok(())
}

/// Whether there is one more item in what is open; passes over its end.
fn more(left: &mut Option<u64>, rest: &mut &[u8]) -> bool {
    match left {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None => match rest.strip_prefix(&[BREAK]) {
            Some(behind) => {
                *rest = behind;
                false
            }
            None => true,
        },
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Wrong> {
    let (item, behind) = rest.split_at(length(rest)?);
    *rest = behind;
    Ok(item)
}

/// A key as a path names it.
fn name_of(key: &[u8]) -> Result<String, Wrong> {
    Tree::of_record(key).map(|key| key_text(&key.0)).map_err(|_| "a key cannot be read")
}

/// What is left of an item: one of the same kind that says nothing.
fn cleared(item: &[u8], out: &mut Vec<u8>) -> Result<(), Wrong> {
    let head = head(item)?;
    match (head.major, item[0] & 31) {
        (0 | 1, _) => out.push(0),
        (2..=5, _) => out.push(head.major << 5),
        (6, _) => {
            out.extend(&item[..head.bytes]);
            return cleared(&item[head.bytes..], out);
        }
        (_, 20 | 21) => out.push(0xf4), // false
        (_, 25..=27) => {
            out.push(item[0]);
            out.resize(out.len() + head.bytes - 1, 0);
        }
        _ => out.push(0xf6), // null
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::paths::Paths;

    fn encoded(value: &impl Serialize) -> Vec<u8> {
        cbor4ii::serde::to_vec(Vec::new(), value).unwrap()
    }

    fn cleared_at(item: &[u8], paths: &[&str]) -> (String, Vec<usize>) {
        let mut all = Paths::default();
        assert!(paths.iter().all(|path| all.add(path)));
        let all = all.of("");
        let numbered: Vec<_> = all.iter().map(Vec::as_slice).enumerate().collect();
        let (mut out, mut found) = (Vec::new(), BTreeSet::new());
        clear(item, &numbered, &mut out, &mut found).unwrap();
        assert_eq!(length(&out), Ok(out.len()));
        (Tree::of_record(&out).unwrap().json().unwrap(), found.into_iter().collect())
    }

    #[derive(Serialize)]
    struct Job {
        token: &'static str,
        at: (u64, i32, f32, f64, bool),
        list: Vec<&'static str>,
        inner: Option<Box<Job>>,
    }

    #[test]
    fn what_a_path_leads_to_is_cleared_and_nothing_else() {
        let job = |inner| Job { token: "t", at: (300, -70_000, 1.5, 2.5, true), list: vec!["a", "b"], inner };
        let item = encoded(&job(Some(Box::new(job(None)))));
        let whole = r#"{"token":"t","at":[300,-70000,1.5,2.5,true],"list":["a","b"],"inner":IN}"#;
        let inner = whole.replace("IN", "null");
        assert_eq!(cleared_at(&item, &[]).0, whole.replace("IN", &inner));
        let (text, found) = cleared_at(&item, &["/token", "/at/*", "/inner/list", "/none", "/list/1"]);
        let expected = r#"{"token":"","at":[0,0,0.0,0.0,false],"list":["a",""],"inner":IN}"#;
        assert_eq!(text, expected.replace("IN", &inner.replace(r#"["a","b"]"#, "[]")));
        assert_eq!(found, [0, 1, 2, 4]);
        assert_eq!(cleared_at(&item, &["/inner"]).0, whole.replace("IN", "{}"));
        assert_eq!(field(&item, "token"), Ok(Some(&[0x61, b't'][..])));
        assert_eq!(field(&item, "other"), Ok(None));
    }

    #[test]
    fn items_without_a_length_are_gone_through() {
        // {_ (_ "to", "ken"): "t", 1: [_ "a", "b"], "tag": 2(h'0102')}
        let item = b"\xbf\x7f\x62to\x63ken\xff\x61t\x01\x9f\x61a\x61b\xff\x63tag\xc2\x42\x01\x02\xff";
        assert_eq!(length(item), Ok(item.len()));
        let (mut out, mut found) = (Vec::new(), BTreeSet::new());
        let paths = ["token", "tag"].map(|name| vec![name.to_owned()]);
        let deep = ["1".to_owned(), "1".to_owned()];
        clear(item, &[(0, &paths[0]), (1, &paths[1]), (2, &deep)], &mut out, &mut found).unwrap();
        let expected = b"\xbf\x7f\x62to\x63ken\xff\x60\x01\x9f\x61a\x60\xff\x63tag\xc2\x40\xff";
        assert_eq!((&out[..], found), (&expected[..], BTreeSet::from([0, 1, 2])));
    }

    #[test]
    fn nothing_is_too_deep_or_too_short_for_an_answer() {
        let deep = vec![0x81; 100_000];
        assert_eq!(length(&deep), Err("it is too deep"));
        let path: Vec<_> = (0..1_000).map(|_| "0".to_owned()).collect();
        assert!(clear(&deep, &[(0, &path)], &mut Vec::new(), &mut BTreeSet::new()).is_err());
        for short in [
            &b""[..],
            b"\x18",
            b"\x42\x00",
            b"\x82\x00",
            b"\xbf",
            b"\xff",
            b"\x1c",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert!(length(short).is_err(), "{short:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let wanted = ["*".to_owned()];
            let _ = clear(&bytes, &[(0, &wanted)], &mut Vec::new(), &mut BTreeSet::new());
            if let Ok(length) = length(&bytes) {
                prop_assert!(length <= bytes.len());
            }
            let _ = field(&bytes, "m");
        }
    }
}
