use bytes::Bytes;
use tokio::sync::mpsc;

/// How large the parts of an object are, except for the last: 6 MiB. Servers ask for 5 at least; 10,000 of them, which is
/// the most that an object has, hold 60 GB; and the handful that is in memory stays small.
pub const PART_SIZE: usize = 6 << 20;

/// The writer of the parts gave up before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parts ended before the object was whole")]
pub struct Abandoned;

enum Message {
    Part(Bytes),
    End,
}

/// The parts of an object in the making, each of [`PART_SIZE`] bytes but the last.
///
/// The end is said, not concluded: when the other side fails, or is dropped, or panics, the object is [`Abandoned`] and
/// never taken for whole.
#[derive(Debug)]
pub struct Parts {
    receiver: mpsc::Receiver<Message>,
    ended: bool,
}

/// The side that makes the parts, on a thread that may block.
#[derive(Debug)]
pub struct PartSender {
    sender: mpsc::Sender<Message>,
}

impl Parts {
    /// The two ends of a stream of parts. The sender waits while one part has not been taken.
    #[must_use]
    pub fn channel() -> (PartSender, Self) {
        let (sender, receiver) = mpsc::channel(1);
        (PartSender { sender }, Self { receiver, ended: false })
    }

    /// The next part, or `None` when the object is whole.
    ///
    /// # Errors
    /// When the other side gave up.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Abandoned> {
        if self.ended {
            return Ok(None);
        }
        match self.receiver.recv().await {
            Some(Message::Part(bytes)) => Ok(Some(bytes)),
            Some(Message::End) => {
                self.ended = true;
                Ok(None)
            }
            None => Err(Abandoned),
        }
    }
}

impl PartSender {
    /// Hands over a part, and waits until there is room. Not to be called from async code.
    ///
    /// # Errors
    /// When the store stopped taking parts.
    pub fn send(&self, part: Bytes) -> Result<(), Abandoned> {
        self.sender.blocking_send(Message::Part(part)).map_err(|_| Abandoned)
    }

    /// Says that the object is whole.
    ///
    /// # Errors
    /// When the store stopped taking parts.
    pub fn finish(self) -> Result<(), Abandoned> {
        self.sender.blocking_send(Message::End).map_err(|_| Abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sender_that_is_dropped_abandons_the_object() {
        let (sender, mut parts) = Parts::channel();
        let thread = std::thread::spawn(move || sender.send(Bytes::from_static(b"half")).unwrap());
        assert_eq!(parts.next().await, Ok(Some(Bytes::from_static(b"half"))));
        thread.join().unwrap();
        assert_eq!(parts.next().await, Err(Abandoned));
    }

    #[tokio::test]
    async fn the_end_stays_the_end() {
        let (sender, mut parts) = Parts::channel();
        let thread = std::thread::spawn(move || sender.finish().unwrap());
        assert_eq!(parts.next().await, Ok(None));
        thread.join().unwrap();
        assert_eq!(parts.next().await, Ok(None));
    }
}
