use std::any::Any;

/// Encodes a reply of the type that it was made for; none of another type, or if it cannot be.
pub type ReplyEncoder = fn(&dyn Any) -> Option<Vec<u8>>;
