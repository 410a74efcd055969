//! Times in logs, as seconds since 1970.

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

/// Seconds since 1970 with or without a fraction.
pub(super) fn epoch(text: &str) -> Option<i64> {
    text.split('.').next()?.parse().ok().filter(|seconds| *seconds > 0)
}

/// `29/nov/2026:12:00:00 +0100`, as web servers write it.
pub(super) fn common(text: &str) -> Option<i64> {
    let (date_and_time, zone) = text.split_once(' ')?;
    let (date, clock) = date_and_time.split_once(':')?;
    let mut parts = date.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let seconds = moment(year.parse().ok()?, month, day, clock)?;
    let (hours, minutes) =
        (zone.get(1..3)?.parse::<i64>().ok()?, zone.get(3..5)?.parse::<i64>().ok()?);
    let offset = (hours * 60 + minutes) * 60;
    Some(if zone.starts_with('-') { seconds + offset } else { seconds - offset })
}

/// `nov 29 12:00:00`, as syslog writes it: without a year, so it is the last such day that is not in the future.
pub(super) fn syslog(text: &str, now: i64) -> Option<i64> {
    let mut parts = text.split_whitespace();
    let (month, day, clock) = (parts.next()?, parts.next()?, parts.next()?);
    let year = OffsetDateTime::from_unix_timestamp(now).ok()?.year();
    // A log may be a little ahead of this clock, e.g. in another zone.
    let tomorrow = now + 24 * 60 * 60;
    [year, year - 1]
        .into_iter()
        .filter_map(|year| moment(year, month, day, clock))
        .find(|time| *time <= tomorrow)
}

/// RFC 3339, in lower case.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    OffsetDateTime::parse(&text.to_uppercase(), &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

fn moment(year: i32, month: &str, day: &str, clock: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let number = MONTHS.iter().position(|name| *name == month)? + 1;
    let month = Month::try_from(u8::try_from(number).ok()?).ok()?;
    let mut parts = clock.split([':', '.']);
    let mut next = || parts.next()?.parse::<u8>().ok();
    let time = Time::from_hms(next()?, next()?, next()?).ok()?;
    let date = Date::from_calendar_date(year, month, day.parse().ok()?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let noon = 1_795_953_600; // 2026-11-29T12:00:00Z
        assert_eq!(epoch("1795953600.123"), Some(noon));
        assert_eq!(common("29/nov/2026:13:00:00 +0100"), Some(noon));
        assert_eq!(syslog("nov 29 12:00:00", noon + 5), Some(noon));
        assert_eq!(syslog("nov  9 12:00:00", noon), Some(noon - 20 * 86_400));
        assert_eq!(syslog("dec 31 12:00:00", noon), Some(noon - 333 * 86_400));
        assert_eq!(rfc3339("2026-11-29t12:00:00.5z"), Some(noon));
        for text in ["", "x", "99/nov/2026:13:00:00 +0100"] {
            assert_eq!(
                (epoch(text), common(text), syslog(text, noon), rfc3339(text)),
                (None, None, None, None)
            );
        }
    }
}
