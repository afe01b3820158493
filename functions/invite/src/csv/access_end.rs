//! The end of access in a cell, as people and spreadsheets write it.

use jiff::{
    SignedDuration, Timestamp, Unit,
    civil::{self, Date, DateTime, date},
    tz::TimeZone,
};
use shared::http::Time;

/// What Excel counts days from.
const SERIAL_EPOCH: Date = date(1899, 12, 30);
/// The days that Excel writes with five digits, from May 1927 to October 2173. Shorter numbers are
/// years.
const SERIALS: std::ops::Range<f64> = 10_000.0..100_000.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// Reads the end of access, in UTC. A date without a time is its beginning. Accepts RFC 3339, ISO
/// 8601 without a zone, the serial numbers of Excel, and dates in numbers that mean one day only.
///
/// # Errors
///
/// Which form to use, for people.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Some(Time(at)) = Time::parse(text) {
        return Ok(at);
    }
    let at = local(text).or_else(|| serial(text)).map_or_else(|| in_numbers(text), Ok)?;
    at.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(|_| no_time())
}

/// A time in ISO 8601 without an offset. The library reads one with any offset, and ignores it.
fn local(text: &str) -> Option<DateTime> {
    let clock = text.split_once(['T', 't', ' ']).map(|(_, clock)| clock);
    text.parse().ok().filter(|_| !clock.is_some_and(|clock| clock.contains(['+', '-'])))
}

fn no_time() -> String {
    "must be a time such as 2027-02-01T12:00:00Z, or a date such as 2027-02-01".to_owned()
}

/// A number of days, as Excel stores times. The decimal separator is a point or a comma.
fn serial(text: &str) -> Option<DateTime> {
    let has_digits_only = text.chars().all(|c| matches!(c, '0'..='9' | '.' | ','));
    let days: f64 = has_digits_only.then(|| text.replace(',', ".").parse().ok())??;
    let seconds = SERIALS.contains(&days).then_some(days * SECONDS_PER_DAY)?;
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?.round(Unit::Second).ok()?;
    DateTime::from(SERIAL_EPOCH).checked_add(since).ok()
}

/// A date in numbers, with a time or without.
fn in_numbers(text: &str) -> Result<DateTime, String> {
    let (date, time) = text.split_once(' ').unwrap_or((text, "0:00"));
    let (Some(days), Some(time)) = (days(date), time_of_day(time)) else { return Err(no_time()) };
    match days[..] {
        [] => Err(no_time()),
        [day] => Ok(day.to_datetime(time)),
        [one, other, ..] => Err(format!(
            "can mean {one} or {other}. Write the year first, then month and day, such as {one}"
        )),
    }
}

/// The days that a date in numbers can mean.
fn days(text: &str) -> Option<Vec<Date>> {
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    let numbers: Vec<i16> = text.split(separator).map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let [first, second, third] = numbers[..] else { return None };
    let orders = match separator {
        '.' | '/' | '-' if first > 99 => vec![[first, second, third]],
        // No country that writes dots writes the month before the day.
        '.' => vec![[third, second, first]],
        '/' | '-' => vec![[third, second, first], [third, first, second]],
        _ => return None,
    };
    let mut days: Vec<_> = orders.into_iter().filter_map(day).collect();
    days.dedup();
    Some(days)
}

/// The day of a year, a month and a day. A year of two digits is in this century.
fn day([year, month, day]: [i16; 3]) -> Option<Date> {
    let year = if year < 100 { year.checked_add(2000)? } else { year };
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// A time of day, also in halves of a day: `0:00`, `00:00:00` or `12:00 AM`.
fn time_of_day(text: &str) -> Option<civil::Time> {
    let text = text.to_ascii_uppercase();
    let halves = [("AM", 0), ("PM", 12)];
    let half = halves.iter().find_map(|(name, hours)| Some((text.strip_suffix(name)?, *hours)));
    let numbers = half.map_or(text.as_str(), |(numbers, _)| numbers).trim();
    let numbers: Vec<i8> = numbers.split(':').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute, second) = match numbers[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some((_, hours)) if (1..=12).contains(&hour) => hour.checked_rem(12)?.checked_add(hours)?,
        Some(_) => return None,
    };
    civil::Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn end_is_read_as_spreadsheets_write_it() {
        for text in [
            "2027-01-01T00:00:00Z",
            "2027-01-01T01:00:00+01:00",
            "2027-01-01T00:00:00",
            "2027-01-01 00:00:00",
            "2027-01-01 00:00",
            "2027-01-01",
            "2027/1/1",
            "2027.01.01 0:00",
            "01.01.2027 00:00",
            "1.1.27",
            "1/1/27 0:00",
            "01/01/2027 12:00:00 AM",
            "1-1-2027",
            "46388",
            "46388.0",
            "46388,000001",
        ] {
            let at = parse(text).map(|at| at.to_string());
            assert_eq!(at.as_deref(), Ok("2027-01-01T00:00:00Z"), "{text}");
        }
        for (text, at) in [
            ("31.12.2026 23:59", "2026-12-31T23:59:00Z"),
            ("01.02.2027", "2027-02-01T00:00:00Z"),
            ("31/1/2027 1:05 PM", "2027-01-31T13:05:00Z"),
            ("1/31/27 12:30:15 pm", "2027-01-31T12:30:15Z"),
            ("46388.75", "2027-01-01T18:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), Ok(at), "{text}");
        }
    }

    #[test]
    fn end_that_can_mean_two_days_is_refused_with_the_form_to_use() {
        for text in ["1/2/2027", "01/02/27 0:00", "1-2-2027 12:00 AM"] {
            let detail = parse(text).unwrap_err();
            let expected = "can mean 2027-02-01 or 2027-01-02. Write the year first, then month and \
                            day, such as 2027-02-01";
            assert_eq!(detail, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "soon",
            "2027",
            "1234",
            "463880",
            "13/13/2027",
            "32.1.2027",
            "1.2.3.2027",
            "1:2:2027",
            "1.1.2027 25:00",
            "1.1.2027 0:30 PM",
            "1.1.2027 noon",
            "NaN",
            "inf",
            "1e4",
            "-46388",
            "2026-12-01 12:00-24:00",
            "2026-12-01T12:00:00+25:00",
        ] {
            assert!(parse(text).unwrap_err().starts_with("must be a time such as"), "{text}");
        }
    }
}
