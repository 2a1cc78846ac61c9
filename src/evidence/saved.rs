//! Events that somebody saved: one JSON object a line, as it is, gzip or zstd, or from stdin.
//!
//! Read line by line, in memory that does not grow with the file. A line that is no event is told
//! by its number and passed over; a file that ends in the middle is told where. Compression is
//! told by the first bytes, never by the name. Members that an exporter spelt otherwise are given as
//! Okta spells them (`spelling`).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde_json::Value;

use super::spelling::as_okta_spells;

/// A longer line is no event: the largest page that Okta's API is read with is as long.
pub(super) const LINE_MAX: usize = 32 << 20;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

/// Saved events, one after the other.
pub struct Saved {
    from: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
    ended: bool,
}

/// What a line held.
#[derive(Debug)]
pub enum Line {
    /// An event.
    Event(Value),
    /// Nothing that is one.
    Odd {
        /// Its number, from 1.
        number: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The file could not be read on; nothing comes after this.
    Cut {
        /// The line that it breaks off in.
        number: u64,
        /// What went wrong.
        why: String,
    },
}

/// Why saved events cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct SavedError {
    /// Which file.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

impl Saved {
    /// Opens a file, or stdin for `-`.
    ///
    /// # Errors
    /// [`SavedError`], if it is not there or begins as what it is not.
    pub fn open(name: &str) -> Result<Self, SavedError> {
        let failed = |why: String| SavedError {
            file: name.to_owned(),
            why,
        };
        let from: Box<dyn Read> = if name == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(Path::new(name)).map_err(|error| failed(error.to_string()))?)
        };
        Self::read(from).map_err(|error| failed(error.to_string()))
    }

    /// Reads from anywhere.
    ///
    /// # Errors
    /// If its beginning cannot be read, or is not what it claims to be.
    pub fn read(from: impl Read + 'static) -> io::Result<Self> {
        let mut from = BufReader::new(from);
        let begin = from.fill_buf()?;
        let from: Box<dyn BufRead> = if begin.starts_with(GZIP) {
            Box::new(BufReader::new(MultiGzDecoder::new(from)))
        } else if begin.starts_with(ZSTD) {
            let decoder = StreamingDecoder::new(from).map_err(io::Error::other)?;
            Box::new(BufReader::new(decoder))
        } else {
            Box::new(from)
        };
        Ok(Self {
            from,
            number: 0,
            line: Vec::new(),
            ended: false,
        })
    }

    /// The next line's bytes are in `self.line`; `false` at the end. A line that is too long is
    /// read to its end and kept only as far as the bound.
    fn fill(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut any = false;
        loop {
            let read = self.from.fill_buf()?;
            if read.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            let room = (LINE_MAX + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(read.len(), |end| end + 1);
            self.from.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn event(&self) -> Result<Option<Value>, String> {
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        if self.line.len() > LINE_MAX {
            return Err(format!("is longer than {} MiB", LINE_MAX >> 20));
        }
        match serde_json::from_slice(line) {
            Ok(Value::Object(event)) => Ok(Some(Value::Object(as_okta_spells(event)))),
            Ok(Value::Array(_)) => {
                Err("is a list: one event a line is read, as `jq -c '.[]'` makes them".into())
            }
            Ok(_) => Err("is no JSON object".into()),
            Err(error) => Err(format!("is no JSON ({error})")),
        }
    }
}

/// Whether a file that begins so is compressed.
pub(super) fn is_packed(begin: &[u8]) -> bool {
    begin.starts_with(GZIP) || begin.starts_with(ZSTD)
}

impl Iterator for Saved {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while !self.ended {
            self.number += 1;
            match self.fill() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    break;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Line::Cut {
                        number: self.number,
                        why: error.to_string(),
                    });
                }
            }
            match self.event() {
                Ok(None) => {}
                Ok(Some(event)) => return Some(Line::Event(event)),
                Err(why) => {
                    return Some(Line::Odd {
                        number: self.number,
                        why,
                    });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn lines(bytes: Vec<u8>) -> Vec<Line> {
        Saved::read(io::Cursor::new(bytes)).unwrap().collect()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn ids(lines: &[Line]) -> Vec<&str> {
        let ids = lines.iter().filter_map(|line| match line {
            Line::Event(event) => event["uuid"].as_str(),
            Line::Odd { .. } | Line::Cut { .. } => None,
        });
        ids.collect()
    }

    #[test]
    fn the_same_events_come_of_every_wrapping() {
        let text = "\u{feff}{\"uuid\":\"1\"}\r\n\n{\"uuid\":\"2\"}";
        let zst = ruzstd::encoding::compress_to_vec(
            text.as_bytes(),
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        // What two downloads appended is one file.
        let twice = [gzip("{\"uuid\":\"1\"}\n"), gzip("{\"uuid\":\"2\"}\n")].concat();
        for bytes in [text.as_bytes().to_vec(), gzip(text), zst, twice] {
            assert_eq!(ids(&lines(bytes)), ["1", "2"]);
        }
        assert!(lines(Vec::new()).is_empty());
    }

    #[test]
    fn a_line_that_is_no_event_is_told_by_its_number_and_passed_over() {
        let all = lines(b"{\"uuid\":\"1\"}\nnot\n[{}]\n7\n{\"uuid\":\"2\"}\n".to_vec());
        assert_eq!(ids(&all), ["1", "2"]);
        let odd: Vec<(u64, &str)> = all
            .iter()
            .filter_map(|line| match line {
                Line::Odd { number, why } => Some((*number, why.as_str())),
                Line::Event(_) | Line::Cut { .. } => None,
            })
            .collect();
        assert_eq!(odd.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(odd[1].1.contains("jq -c"), "{odd:?}");
    }

    #[test]
    fn a_file_that_breaks_off_is_told_where() {
        let many: String = (0..5_000)
            .map(|n| format!("{{\"uuid\":\"{n}\",\"x\":\"{}\"}}\n", n * 7_919))
            .collect();
        let mut cut = gzip(&many);
        cut.truncate(cut.len() / 2);
        let all = lines(cut);
        assert!(ids(&all).len() > 100);
        assert!(matches!(all.last(), Some(Line::Cut { number, .. }) if *number > 100));
    }

    #[test]
    fn a_line_of_ten_mebibytes_is_an_event_like_any_other() {
        let long = "x".repeat(10 << 20);
        let text = format!("{{\"uuid\":\"1\",\"m\":\"{long}\"}}\n{{\"uuid\":\"2\"}}\n");
        let all = lines(text.into_bytes());
        assert_eq!(ids(&all), ["1", "2"]);
        assert!(matches!(&all[0], Line::Event(event) if event["m"].as_str() == Some(&long)));
    }

    #[test]
    fn a_line_without_end_costs_no_more_than_the_bound() {
        let endless = io::repeat(b'x')
            .take((LINE_MAX as u64) * 3)
            .chain(io::Cursor::new(b"\n{\"uuid\":\"2\"}\n".to_vec()));
        let mut saved = Saved::read(endless).unwrap();
        assert!(matches!(saved.next(), Some(Line::Odd { number: 1, why }) if why.contains("MiB")));
        assert!(saved.line.capacity() <= 2 * (LINE_MAX + 1));
        assert!(matches!(saved.next(), Some(Line::Event(_))));
    }
}
