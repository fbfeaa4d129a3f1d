//! Where the generator's decisions come from.

/// Decisions read from bytes.
///
/// Zero is always the plainest decision, and zeros follow when the bytes are used up: what proptest takes away from the
/// bytes, it takes away from the tree, so that a tree that fails shrinks although it was not made by strategies.
pub(crate) struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Choices<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    fn byte(&mut self) -> usize {
        self.bytes.next().copied().unwrap_or_default().into()
    }

    /// A number below `end`; zero where the bytes are used up.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.byte() * end / 256
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.byte() * 100 / 256 >= 100 - percent
    }

    /// One of several.
    pub(crate) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Between `least` and `most` of something.
    pub(crate) fn some<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }
}
