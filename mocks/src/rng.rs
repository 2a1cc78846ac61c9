//! The only source of chance in the mocks: splitmix64, seeded.
//!
//! Not for secrets. It is ours so that no other crate's update changes a recorded run.

use serde::Serialize;

/// A splitmix64 generator. Same seed, same sequence, on every platform.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rng(u64);

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// `len` letters and digits.
    pub(crate) fn text(&mut self, len: usize) -> String {
        (0..len)
            .map(|_| char::from(BASE62[usize::try_from(self.below(62)).unwrap_or(0)]))
            .collect()
    }

    /// An Okta-looking id of 20 characters: the prefix, chance, and the org's own tail.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let middle = self.text(17usize.saturating_sub(prefix.len()));
        format!("{prefix}{middle}5d7")
    }

    /// A UUID-shaped text (version 4).
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }
}
