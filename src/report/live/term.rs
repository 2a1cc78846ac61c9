//! A terminal behind any writer, as far as a live tree needs one.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;

/// A writer with a width.
pub(super) struct Term {
    out: Mutex<Box<dyn Write + Send>>,
    width: u16,
}

impl Term {
    pub(super) fn new(out: Box<dyn Write + Send>, width: usize) -> Self {
        Self {
            out: Mutex::new(out),
            width: u16::try_from(width).unwrap_or(u16::MAX),
        }
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(text.as_bytes())
    }

    fn moved(&self, n: usize, direction: char) -> io::Result<()> {
        if n == 0 {
            return Ok(());
        }
        self.put(&format!("\x1b[{n}{direction}"))
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Term")
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl TermLike for Term {
    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        // A tree taller than this is cut, not scrolled.
        40
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(text)?;
        self.put("\r\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.flush()
    }
}
