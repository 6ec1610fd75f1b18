use bytes::Bytes;

use super::Digest;

/// What a snapshot begins with, and its version.
const FORMAT: &[u8; 5] = b"SCSN\x01";

/// Where its body begins: after format, index and digest.
const HEAD: usize = 5 + 8 + 16;

/// A snapshot as it is kept: any byte that differs is noticed.
pub(crate) fn frame(at: u64, body: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(FORMAT);
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&Digest::of(&[&at.to_le_bytes(), body]).to_bytes());
    bytes.extend_from_slice(body);
    Bytes::from(bytes)
}

/// The body of a snapshot of this index; none if a bit of it is not as it was.
pub(crate) fn unframe(at: u64, bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let rest = head.strip_prefix(FORMAT)?;
    let (index, digest) = rest.split_at(8);
    let whole = index == at.to_le_bytes() && digest == Digest::of(&[index, body]).to_bytes();
    whole.then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bit_that_differs_is_noticed() {
        let whole = frame(7, b"a state");
        assert_eq!(unframe(7, &whole), Some(&b"a state"[..]));
        assert_eq!(unframe(8, &whole), None, "it is of another index");
        for place in 0..whole.len() {
            assert_eq!(unframe(7, &whole[..place]), None, "cut at {place}");
            for bit in 0..8 {
                let mut damaged = whole.to_vec();
                damaged[place] ^= 1 << bit;
                assert_eq!(unframe(7, &damaged), None, "bit {bit} of byte {place}");
            }
        }
        let longer = [&*whole, b"x"].concat();
        assert_eq!(unframe(7, &longer), None);
    }
}
