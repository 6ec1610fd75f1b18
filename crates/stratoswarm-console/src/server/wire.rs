use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How much is read at once; requests are small.
const CHUNK: usize = 2048;

/// A connection whose other side has to go on reading: an error, once it has read nothing of what waits for it for some time.
pub(super) struct Wire<S> {
    stream: S,
    patience: Duration,
    /// Runs while something waits to be read there.
    over: Pin<Box<Sleep>>,
    waits: bool,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, over: Box::pin(sleep(patience)), waits: false }
    }
}

impl<S: AsyncRead + Unpin> Read for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; CHUNK];
        let room = CHUNK.min(to.remaining());
        let mut read = ReadBuf::new(&mut chunk[..room]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        to.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Write for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        if !self.waits {
            let until = Instant::now() + self.patience;
            self.over.as_mut().reset(until);
            self.waits = true;
        }
        ready!(self.over.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_is_given_up_and_whoever_reads_slowly_is_not() {
        let (here, mut there) = tokio::io::duplex(4);
        let mut wire = Wire::new(here, Duration::from_secs(10));
        let begin = Instant::now();
        let error = loop {
            if let Err(error) = poll_fn(|cx| Pin::new(&mut wire).poll_write(cx, b"abcd")).await {
                break error;
            }
            if begin.elapsed() < Duration::from_secs(60) {
                tokio::time::sleep(Duration::from_secs(9)).await;
                let mut some = [0; 4];
                tokio::io::AsyncReadExt::read_exact(&mut there, &mut some).await.unwrap();
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed().as_secs(), 63 + 10, "counted from when it stopped reading");
    }
}
