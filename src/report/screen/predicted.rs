//! What a run of many is expected to take, beside its plan: a few lines that can be read aloud.
//!
//! A prediction and told as one: what it rests on stands in its first line.

use crate::engine::{Projection, Reached, SystemLoad, Tightest};
use crate::report::text::{Ink, Page, Style, count};

/// Where the text begins beside its word.
const COLUMN: usize = 14;

/// Systems that are named with their calls, those with the most first.
const SYSTEMS_MAX: usize = 4;

/// The block.
#[must_use]
pub fn predicted_screen(told: &Projection, style: Style) -> String {
    let mut page = Page::new(style);
    page.put(Ink::Strong, "Predicted");
    page.wrap(COLUMN, Ink::Dim, &premise(told)).end();
    match &told.evicted {
        Some(evicted) => line(&mut page, "evicted", &reached(evicted)),
        None => line(&mut page, "evicted", "nobody: the plan evicts nobody"),
    }
    let proven = format!("{}, proofs included", reached(&told.contained));
    line(&mut page, "contained", &proven);
    let ended = format!(
        "after {}, with a last look at all locks and at what may have grown",
        about(told.ended_ms)
    );
    line(&mut page, "verdict", &ended);
    line(&mut page, "calls", &calls(told));
    if told.unread > 0 {
        let unread = usize::try_from(told.unread).unwrap_or(usize::MAX);
        let text = format!(
            "what {} will write: its system had not answered",
            count(unread, "planned row")
        );
        line(&mut page, "not counted", &text);
    }
    match &told.tightest {
        Some(tightest) => line(&mut page, "tightest", &raise(told, tightest)),
        None => line(&mut page, "tightest", "none: nobody waits for a quota"),
    }
    page.done()
}

fn line(page: &mut Page, word: &str, text: &str) {
    page.to(2).put(Ink::Plain, word);
    page.wrap(COLUMN, Ink::Plain, text).end();
}

/// What the prediction takes for granted.
fn premise(told: &Projection) -> String {
    let guessed: Vec<&str> = told
        .systems
        .iter()
        .filter(|system| !system.measured)
        .map(|system| system.system.as_str())
        .collect();
    let guessed = match &guessed[..] {
        [] => String::new(),
        names => format!("; nothing is known of the pace of {}", names.join(", ")),
    };
    format!("begun now, at today's pace and quotas, nobody else using them{guessed}")
}

fn reached(told: &Reached) -> String {
    format!(
        "first in {}, half in {}, 95 % in {}, all {} in {}",
        about(told.first_ms),
        about(told.half_ms),
        about(told.most_ms),
        told.of,
        about(told.all_ms)
    )
}

fn calls(told: &Projection) -> String {
    let mut systems: Vec<&SystemLoad> = told.systems.iter().collect();
    systems.sort_by_key(|system| std::cmp::Reverse(system.calls));
    let more = systems.len().saturating_sub(SYSTEMS_MAX);
    let named = systems.iter().take(SYSTEMS_MAX);
    let mut named: Vec<String> = named
        .map(|system| format!("{} {}", system.system, system.calls))
        .collect();
    if more > 0 {
        named.push(format!("{more} more systems"));
    }
    format!("{}: {}", told.calls, named.join(", "))
}

fn raise(told: &Projection, tightest: &Tightest) -> String {
    let mut systems = told.systems.iter();
    let system = systems.find(|system| system.system == tightest.system);
    let mut buckets = system.into_iter().flat_map(|system| &system.buckets);
    let bucket = buckets.find(|bucket| bucket.bucket == tightest.bucket);
    let wanted = bucket.map_or_else(String::new, |bucket| {
        let documented = if bucket.told {
            ""
        } else {
            " by the documentation"
        };
        format!(
            ", {} in a window{documented}, {} wanted",
            bucket.limit, bucket.calls
        )
    });
    let how = match &tightest.raise[..] {
        "" => String::new(),
        how => format!(". Raise it before an incident: {how}"),
    };
    format!("{} {}{wanted}{how}", tightest.system, tightest.bucket)
}

/// A time to plan by: seconds, then minutes, then hours.
fn about(ms: u64) -> String {
    let (seconds, minutes) = (ms.div_ceil(1_000), (ms + 30_000) / 60_000);
    match minutes {
        _ if seconds < 100 => format!("{seconds} s"),
        0..120 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::BucketLoad;
    use crate::model::SystemId;

    fn told() -> Projection {
        let moments: Vec<Option<u64>> = (1..=2_000).map(|n| Some(n * 250)).collect();
        let okta = SystemId::new("okta");
        Projection {
            subjects: 2_000,
            evicted: Reached::of(&moments),
            contained: Reached::of(&[Some(900), Some(7_500_000)]).unwrap(),
            ended_ms: 9_000_000,
            calls: 14_000,
            unread: 0,
            systems: vec![SystemLoad {
                system: okta.clone(),
                calls: 14_000,
                answer_ms: 99,
                measured: true,
                buckets: vec![BucketLoad {
                    bucket: "api".into(),
                    calls: 12_000,
                    limit: 600,
                    told: true,
                    waits_ms: 1,
                }],
            }],
            tightest: Some(Tightest {
                system: okta,
                bucket: "api".into(),
                limit: 600,
                raise: "ask for more".into(),
            }),
        }
    }

    #[test]
    fn the_block_says_when_how_much_and_what_to_raise() {
        let style = Style {
            color: false,
            width: 100,
        };
        let text = predicted_screen(&told(), style);
        for part in [
            "first in 1 s, half in 4 min, 95 % in 8 min, all 2000 in 8 min",
            "all 2 in 2 h 5 min, proofs included",
            "after 2 h 30 min",
            "14000: okta 14000",
            "okta api, 600 in a window, 12000 wanted",
            "ask for more",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        let mut guessed = told();
        guessed.systems[0].measured = false;
        guessed.tightest = None;
        guessed.unread = 3;
        let text = predicted_screen(&guessed, style);
        for part in ["pace of okta", "nobody waits", "3 planned rows"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
