//! Writes to standard output, which may be closed.

use std::{
    fmt,
    io::{self, Write},
};

/// Prints `text` and a line break to standard output.
///
/// A reader that has gone (a closed pipe) is no error: it has seen what it wanted to see.
///
/// # Errors
/// Anything else that keeps the text from being written.
pub fn print(text: impl fmt::Display) -> io::Result<()> {
    write(&mut io::stdout().lock(), text)
}

fn write(out: &mut impl Write, text: impl fmt::Display) -> io::Result<()> {
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_but_a_full_disk_is() {
        assert!(write(&mut Broken(io::ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write(&mut Broken(io::ErrorKind::StorageFull), "text").is_err());
        let mut whole = Vec::new();
        write(&mut whole, 7).unwrap();
        assert_eq!(whole, b"7\n");
    }
}
