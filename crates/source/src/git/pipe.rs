use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::git::session::Session;

/// Blocking reading from an asynchronous stream, ended by its session's clock and cancel flag.
pub(crate) struct PipeReader<R> {
    session: Session,
    stream: R,
}

/// Blocking writing to an asynchronous stream.
pub(crate) struct PipeWriter<W> {
    session: Session,
    stream: W,
}

impl<R> PipeReader<R> {
    pub(crate) fn new(session: Session, stream: R) -> Self {
        Self { session, stream }
    }
}

impl<W> PipeWriter<W> {
    pub(crate) fn new(session: Session, stream: W) -> Self {
        Self { session, stream }
    }
}

impl<R: AsyncRead + Unpin> Read for PipeReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.session.wait(self.stream.read(buffer))
    }
}

impl<W: AsyncWrite + Unpin> Write for PipeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session.wait(self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.session.wait(self.stream.flush())
    }
}

/// What the server's program printed besides the protocol; the last few kilobytes are kept.
#[derive(Clone, Default)]
pub(crate) struct Complaints(Rc<RefCell<Vec<u8>>>);

impl Complaints {
    const KEPT: usize = 4096;

    pub(crate) fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.borrow_mut();
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(Self::KEPT);
        kept.drain(..surplus);
    }

    /// The text in one line, without control characters; `None` where there is none.
    pub(crate) fn text(&self) -> Option<String> {
        let kept = self.0.borrow();
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let line: String = lines.join("; ").chars().filter(|c| !c.is_control()).collect();
        (!line.is_empty()).then_some(line)
    }
}
