//! How the times of live rehearsals move, the oldest first.

use super::{Kind, Rehearsal};
use crate::model::Utc;

/// One live rehearsal's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Utc,
    /// Until evicted.
    pub evicted_ms: Option<u64>,
    /// Until contained.
    pub contained_ms: Option<u64>,
}

/// The live ones among these, the oldest first.
#[must_use]
pub fn trend<'r>(all: impl IntoIterator<Item = &'r Rehearsal>) -> Vec<Point> {
    let mut points: Vec<Point> = all
        .into_iter()
        .filter(|each| each.kind == Kind::Live)
        .filter_map(|each| {
            let measured = each.live.as_ref()?.measured;
            Some(Point {
                at: each.at,
                evicted_ms: measured.evicted_ms,
                contained_ms: measured.contained_ms,
            })
        })
        .collect();
    points.sort_by_key(|point| point.at);
    points
}

/// Heights for eyes: one character each, the tallest for the longest; a dot where nothing was
/// measured.
#[must_use]
pub fn sparkline(values: &[Option<u64>]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().flatten().max().copied().unwrap_or(0).max(1);
    let height = |value: u64| {
        let place = (value * 7).div_ceil(most);
        HEIGHTS[usize::try_from(place).unwrap_or(7).min(7)]
    };
    values
        .iter()
        .map(|value| value.map_or('·', height))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_the_tallest_and_what_was_not_measured_is_a_dot() {
        assert_eq!(sparkline(&[Some(0), Some(500), None, Some(1000)]), "▁▅·█");
        assert_eq!(sparkline(&[]), "");
    }
}
