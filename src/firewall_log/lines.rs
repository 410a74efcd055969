//! The lines of a log in flat memory.

use std::io::{self, Read};

const SIZE: usize = 1 << 20;

/// A part of a log that ends with a whole line. A line that does not fit is skipped and counted.
pub(super) struct Chunk {
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    filled: usize,
    /// How much of it is whole lines, the last of which may lack its end.
    whole: usize,
    too_long: u64,
    /// Whether the beginning of a line has been skipped.
    skipping: bool,
}

impl Chunk {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; SIZE], filled: 0, whole: 0, too_long: 0, skipping: false }
    }

    /// Reads the next lines, in lower case. Returns whether there are any.
    pub(super) fn fill(&mut self, log: &mut impl Read) -> io::Result<bool> {
        loop {
            self.buffer.copy_within(self.whole..self.filled, 0);
            self.filled -= self.whole;
            self.whole = 0;
            let kept = self.filled;
            let mut ended = false;
            while self.filled < SIZE {
                match log.read(&mut self.buffer[self.filled..]) {
                    Ok(0) => {
                        ended = true;
                        break;
                    }
                    Ok(read) => self.filled += read,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            }
            self.buffer[kept..self.filled].make_ascii_lowercase();
            if self.filled == 0 {
                return Ok(false);
            }
            let end = memchr::memrchr(b'\n', &self.buffer[..self.filled]).map(|end| end + 1);
            let mut whole = end.unwrap_or(0);
            if ended {
                whole = self.filled;
            }
            if self.skipping {
                let first = memchr::memchr(b'\n', &self.buffer[..self.filled]);
                match first {
                    Some(first) => {
                        self.skipping = false;
                        self.whole = first + 1;
                        continue;
                    }
                    None if ended => return Ok(false),
                    None => {
                        self.whole = self.filled;
                        continue;
                    }
                }
            }
            if whole == 0 {
                // A line without an end in the whole buffer.
                self.too_long += 1;
                self.skipping = true;
                self.whole = self.filled;
                continue;
            }
            self.whole = whole;
            return Ok(true);
        }
    }

    /// The whole lines.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.whole]
    }

    /// The lines and where they begin.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let bytes = self.bytes();
        let mut start = 0;
        std::iter::from_fn(move || {
            if start >= bytes.len() {
                return None;
            }
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end);
            let line = (start, &bytes[start..end]);
            start = end + 1;
            Some(line)
        })
    }

    /// How many lines did not fit.
    pub(super) fn too_long(&self) -> u64 {
        self.too_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> (Vec<String>, u64) {
        let mut chunk = Chunk::new();
        let mut lines = Vec::new();
        let mut text = text;
        while chunk.fill(&mut text).unwrap() {
            lines.extend(chunk.lines().map(|(_, line)| String::from_utf8(line.to_vec()).unwrap()));
        }
        (lines, chunk.too_long())
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        assert_eq!(all(b"A\n\nb"), (vec!["a".to_owned(), String::new(), "b".to_owned()], 0));
        assert_eq!(all(b""), (vec![], 0));
        let long = "x".repeat(SIZE / 3);
        let text = format!("{long}\n{long}\n{long}\n{long}\nend\n");
        let (lines, too_long) = all(text.as_bytes());
        assert_eq!((lines.len(), too_long), (5, 0));
        assert_eq!(lines[4], "end");
    }

    #[test]
    fn a_line_that_does_not_fit_is_counted() {
        let text = format!("first\n{}\nlast\n", "x".repeat(3 * SIZE));
        assert_eq!(all(text.as_bytes()), (vec!["first".to_owned(), "last".to_owned()], 1));
        assert_eq!(all("x".repeat(2 * SIZE).as_bytes()), (vec![], 1));
    }
}
