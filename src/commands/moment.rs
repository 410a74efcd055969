//! Times that users write: `30d`, a date, or a date and a time. Without a zone they are UTC.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime};

/// The longest period: what a workspace keeps at most.
const MAX_DAYS: i64 = 12 * 366;

/// A time as the user wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long ago.
    Ago(Duration),
    /// This moment.
    At(OffsetDateTime),
}

impl Moment {
    /// Parses `30d`, `12h`, `90m`, `2026-11-20`, `2026-11-20T08:00` or `2026-11-20T08:00:00+01:00`.
    ///
    /// # Errors
    /// A sentence that says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::period(text).or_else(|| time(text).map(Self::At)).ok_or_else(|| {
            "expected a period such as 30d, 12h or 90m, or a time such as 2026-11-20 or 2026-11-20T08:00 (UTC)".to_owned()
        })
    }

    fn period(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number > 0)?;
        let minutes = number.checked_mul(match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            _ => return None,
        })?;
        (minutes <= MAX_DAYS * 24 * 60).then(|| Self::Ago(Duration::minutes(minutes)))
    }

    /// The moment itself.
    pub fn from(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::Ago(period) => now - period,
            Self::At(time) => time,
        }
    }
}

fn time(text: &str) -> Option<OffsetDateTime> {
    let local = [
        format_description!("[year]-[month]-[day]T[hour]:[minute]"),
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"),
        format_description!("[year]-[month]-[day] [hour]:[minute]"),
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"),
    ];
    let date = format_description!("[year]-[month]-[day]");
    let bare = text.strip_suffix('Z').unwrap_or(text);
    let utc = |time: OffsetDateTime| time.to_offset(time::UtcOffset::UTC);
    let local = || local.iter().find_map(|format| PrimitiveDateTime::parse(bare, format).ok());
    // Far away, a time has no place in UTC.
    let is_near = |time: &OffsetDateTime| (2000..=2100).contains(&time.year());
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .filter(is_near)
        .map(utc)
        .or_else(|| Some(local()?.assume_utc()))
        .or_else(|| Some(Date::parse(text, date).ok()?.midnight().assume_utc()))
        .filter(|time| (2015..2100).contains(&time.year()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_without_a_zone_are_utc() {
        let now = datetime!(2026-11-30 12:00 UTC);
        for (text, expected) in [
            ("30d", datetime!(2026-10-31 12:00 UTC)),
            ("90m", datetime!(2026-11-30 10:30 UTC)),
            ("2026-11-20", datetime!(2026-11-20 0:00 UTC)),
            ("2026-11-20T08:00", datetime!(2026-11-20 8:00 UTC)),
            ("2026-11-20 08:00:30", datetime!(2026-11-20 8:00:30 UTC)),
            ("2026-11-20T08:00Z", datetime!(2026-11-20 8:00 UTC)),
            ("2026-11-20T08:00:00+01:00", datetime!(2026-11-20 7:00 UTC)),
        ] {
            assert_eq!(Moment::parse(text).unwrap().from(now), expected, "{text}");
        }
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "30",
            "30x",
            "99999999999d",
            "yesterday",
            "2026-13-01",
            "1999-01-01",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
