//! Times as people write them at 03:00: `2h`, `13:30`, `2026-03-10 13:30`, RFC 3339.

use std::time::Duration;

use jiff::civil;
use jiff::tz::TimeZone;

use crate::model::Utc;

/// Reads a moment. A bare time of day is the last one that was: `13:30` at 09:00 is
/// yesterday's. Times without a zone are in `zone`.
///
/// # Errors
/// A sentence with the forms that are understood.
pub(super) fn moment(text: &str, now: Utc, zone: &TimeZone) -> Result<Utc, String> {
    let text = text.trim();
    if let Some(ago) = duration(text) {
        return Ok(now.minus(ago));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Utc::from(at));
    }
    let local = |at: civil::DateTime| {
        at.to_zoned(zone.clone())
            .map(|zoned| Utc::from(zoned.timestamp()))
            .map_err(|_| ())
    };
    let written = text.replacen(' ', "T", 1);
    let at = written
        .parse::<civil::DateTime>()
        .map_err(|_| ())
        .and_then(local);
    if let Ok(at) = at {
        return Ok(at);
    }
    time_of_day(text, now, zone).ok_or_else(|| {
        format!(
            "`{text}` is not a time: write 2h, 45m, 7d, 13:30, 2026-03-10 13:30 or \
             2026-03-10T13:30:00Z"
        )
    })
}

fn time_of_day(text: &str, now: Utc, zone: &TimeZone) -> Option<Utc> {
    let digits = |c: char| c.is_ascii_digit() || c == ':';
    if !text.contains(':') || !text.chars().all(digits) {
        return None;
    }
    let time: civil::Time = text.parse().ok()?;
    let today = now.timestamp().to_zoned(zone.clone()).date();
    let at = |day: civil::Date| {
        let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
        Some(Utc::from(zoned.timestamp()))
    };
    let this = at(today)?;
    if this <= now {
        Some(this)
    } else {
        at(today.yesterday().ok()?)
    }
}

/// `90s`, `45m`, `2h`, `7d`, or several together: `1h30m`. At most 366 days.
#[must_use]
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let count: u64 = number.parse().ok()?;
        total = total.checked_add(count.checked_mul(unit)?)?;
        number.clear();
    }
    let whole = number.is_empty() && !text.is_empty() && total <= 366 * 86_400;
    whole.then(|| Duration::from_secs(total))
}

/// Reads `--since` and `--until` together.
///
/// # Errors
/// A sentence, if one is no time, lies in the future, or they are the wrong way round.
pub(super) fn window(
    since: Option<&str>,
    until: Option<&str>,
    now: Utc,
    zone: &TimeZone,
) -> Result<Option<(Utc, Option<Utc>)>, String> {
    let Some(since) = since else {
        return match until {
            None => Ok(None),
            Some(_) => Err("--until needs --since: a window has a beginning".into()),
        };
    };
    let start = moment(since, now, zone).map_err(|why| format!("--since: {why}"))?;
    let end = until
        .map(|text| moment(text, now, zone).map_err(|why| format!("--until: {why}")))
        .transpose()?;
    if start > now {
        return Err(format!("--since {start} lies in the future (it is {now})"));
    }
    if end.is_some_and(|end| end > now) {
        return Err(format!(
            "--until lies in the future (it is {now}): leave it out for now"
        ));
    }
    if let Some(end) = end.filter(|end| *end <= start) {
        return Err(format!(
            "the window is reversed: it ends {end}, before it starts {start}"
        ));
    }
    Ok(Some((start, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Utc {
        "2026-03-10T09:00:00Z".parse().unwrap()
    }

    fn read(text: &str) -> String {
        moment(text, now(), &TimeZone::UTC).unwrap().to_string()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(read("2h"), "2026-03-10T07:00:00.000Z");
        assert_eq!(read("08:30"), "2026-03-10T08:30:00.000Z");
        assert_eq!(
            read("13:30"),
            "2026-03-09T13:30:00.000Z",
            "the last 13:30 that was"
        );
        assert_eq!(read("2026-03-10 08:30"), "2026-03-10T08:30:00.000Z");
        assert_eq!(
            read("2026-03-10T08:30:00+01:00"),
            "2026-03-10T07:30:00.000Z"
        );
        let zurich = TimeZone::get("Europe/Zurich").unwrap();
        assert_eq!(
            moment("08:30", now(), &zurich).unwrap().to_string(),
            "2026-03-10T07:30:00.000Z"
        );
        assert!(
            moment("yesterday-ish", now(), &TimeZone::UTC)
                .unwrap_err()
                .contains("2h")
        );
    }

    #[test]
    fn a_window_must_be_a_window() {
        let read = |since, until| window(since, until, now(), &TimeZone::UTC);
        assert!(
            read(Some("1h"), Some("2h"))
                .unwrap_err()
                .contains("reversed")
        );
        assert!(
            read(Some("2030-01-01T00:00:00Z"), None)
                .unwrap_err()
                .contains("future")
        );
        assert!(read(None, Some("1h")).unwrap_err().contains("--since"));
        assert!(read(Some("9999999999999d"), None).is_err());
    }
}
