//! `docs/monthly-costs.md`: the month's bill of three portals. It is computed from the units in `docs/costs.md`, the
//! resources of the template, and the tables of use and prices on the page itself. The page explains the assumptions.

use std::fmt::Write as _;

use shared::metrics::Metric;

use super::resources;
use crate::printed::assert_printed;

/// How much a portal is used.
struct Portal {
    organizations: f64,
    members: f64,
    /// Problems that occur in a month. Each is a metric.
    problems: f64,
}

const PORTALS: [Portal; 3] = [
    Portal { organizations: 20.0, members: 200.0, problems: 10.0 },
    Portal { organizations: 500.0, members: 10_000.0, problems: 25.0 },
    Portal { organizations: 10_000.0, members: 250_000.0, problems: 40.0 },
];

/// Runs of both schedules: each every five minutes, for 30 days.
const RUNS: f64 = 2.0 * 8_640.0;
/// The requests by which Lambda polls the two queues of mail: five at a time on each, for 20 seconds.
const POLLS: f64 = 2.0 * 5.0 * 3.0 * 60.0 * 24.0 * 30.0;
/// The rate at which Lambda reads the stream, as invocations for each event.
const BATCH: f64 = 0.5;
/// The milliseconds that a function is billed for each call to DynamoDB, and for the rest of a request.
const PER_TRIP: f64 = 6.0;
const PER_REQUEST: f64 = 4.0;
/// GB of memory.
const MEMORY: f64 = 0.25;
/// Bytes of logs of a request: its own line, the line of API Gateway, and Lambda's two.
const LOG_BYTES: f64 = 700.0 + 450.0 + 900.0;
const MONTHS_OF_LOGS: f64 = 3.0;
/// Bytes of an answer with its headers, and of the answer to a preflight request.
const ANSWER_BYTES: f64 = 3_000.0;
const PREFLIGHT_BYTES: f64 = 600.0;
/// Bytes of a member or invitation, of which the table and five indexes keep a copy each.
const MEMBER_BYTES: f64 = 6.0 * 1_000.0;
/// Bytes of an event, and the months that are counted. The default retention is unlimited.
const EVENT_BYTES: f64 = 900.0;
const MONTHS_OF_EVENTS: f64 = 12.0;
const MILLION: f64 = 1e6;
const GIGABYTE: f64 = 1e9;

/// The rows of the table with this first head.
fn table<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let (_, rest) = page.split_once(&format!("\n| {head} |")).expect("the table");
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// What an operation costs by `docs/costs.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Units {
    trips: f64,
    reads: f64,
    writes: f64,
}

impl Units {
    fn of(operation: &str, costs: &str) -> Self {
        let rows = table(costs, "operation");
        let row = rows.iter().find(|row| row[0] == operation);
        let row = row.unwrap_or_else(|| panic!("docs/costs.md has no row {operation:?}"));
        let writes = row[3].split('+').map(number).sum();
        Self { trips: number(row[1]), reads: number(row[2]), writes }
    }
}

/// What a portal consumes in a month.
#[derive(Default)]
struct Month {
    /// With the preflight requests.
    requests: f64,
    preflights: f64,
    invocations: f64,
    gb_seconds: f64,
    reads: f64,
    writes: f64,
    events: f64,
    mails: f64,
}

impl Month {
    fn run(&mut self, times: f64, units: Units) {
        self.invocations += times;
        self.gb_seconds += times * MEMORY * (PER_REQUEST + PER_TRIP * units.trips) / 1e3;
        self.reads += times * units.reads;
        self.writes += times * units.writes;
    }

    /// The rows of `used` are operations with their number by each member and by each organization.
    fn of(portal: &Portal, used: &[Vec<&str>], costs: &str) -> Self {
        let mut month = Self::default();
        for row in used {
            let (name, units) = (row[0], Units::of(row[0], costs));
            let times = number(row[1]) * portal.members + number(row[2]) * portal.organizations;
            month.run(times, units);
            if !name.starts_with("clean-up") {
                month.requests += times;
                // Services ask for decisions, and people use a portal of another origin.
                let is_of_browser = !name.starts_with("decision") && name != "search resources";
                month.preflights += if is_of_browser { times } else { 0.0 };
            }
            // An acceptance records the end of the invitation and the new member.
            let events = if name == "accept" { 2.0 } else { 1.0 };
            month.events += if units.writes > 0.0 { times * events } else { 0.0 };
            month.mails += match name {
                "invite" | "resend an invitation" | "approve a join request" => times,
                "request to join" => 3.0 * times,
                _ => 0.0,
            };
        }
        month.requests += month.preflights;
        month.run(month.preflights, Units::default());
        // `publish` makes no call of the table, and one of the bus.
        month.run(month.events * BATCH, Units { trips: 1.0, ..Units::default() });
        month.run(month.mails, Units::of("mail: an invitation", costs));
        month.run(RUNS, Units::of("clean-up: nothing is due", costs));
        month
    }

    /// The amounts of the prices, in their order on the page.
    fn amounts(&self, portal: &Portal) -> [(&'static str, f64); 14] {
        let stored = portal.members * MEMBER_BYTES + self.events * EVENT_BYTES * MONTHS_OF_EVENTS;
        let logs = self.requests * LOG_BYTES / GIGABYTE;
        let answers = (self.requests - self.preflights) * ANSWER_BYTES;
        let dashboards = resources("AWS::CloudWatch::Dashboard").len();
        [
            ("API Gateway, HTTP API", self.requests / MILLION),
            ("Lambda, requests", self.invocations / MILLION),
            ("Lambda, arm64", self.gb_seconds / MILLION),
            ("DynamoDB on demand, writes", self.writes / MILLION),
            ("DynamoDB on demand, reads", self.reads / MILLION),
            ("DynamoDB, storage", stored / GIGABYTE),
            ("SQS", (3.0 * self.mails + POLLS) / MILLION),
            ("SES", self.mails / MILLION),
            ("CloudWatch, logs", logs),
            ("CloudWatch, kept logs", logs * MONTHS_OF_LOGS),
            ("CloudWatch, own metrics", own_metrics() + portal.problems),
            ("CloudWatch, alarms", alarm_metrics()),
            ("CloudWatch, dashboard", whole(dashboards)),
            ("Data to the internet", (answers + self.preflights * PREFLIGHT_BYTES) / GIGABYTE),
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen")]
fn whole(count: usize) -> f64 {
    count as f64
}

/// The metrics of the namespace of the stack without dimensions.
fn own_metrics() -> f64 {
    let logged = Metric::all().filter(|metric| *metric != Metric::Refusals).count();
    whole(logged + resources("AWS::Logs::MetricFilter").len())
}

/// An alarm is billed for each metric that it watches.
fn alarm_metrics() -> f64 {
    let watched = resources("AWS::CloudWatch::Alarm").into_values().map(|alarm| {
        let math = alarm["Properties"]["Metrics"].as_array().cloned();
        math.map_or(1, |math| math.iter().filter(|it| it.get("MetricStat").is_some()).count())
    });
    whole(watched.sum())
}

/// A number with separators of thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// A quantity of the bill.
type Quantity = fn(&Month, &Portal) -> f64;

/// The table of the bill.
fn bill(costs: &str, page: &str) -> String {
    let (used, prices) = (table(page, "operation"), table(page, "price"));
    let months = PORTALS.map(|portal| (Month::of(&portal, &used, costs), portal));
    let mut lines = "| | small | middle | large |\n|---|--:|--:|--:|\n".to_owned();
    let mut row = |name: &str, cells: [String; 3]| {
        writeln!(lines, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    let quantities: [(&str, Quantity); 7] = [
        ("organizations", |_, portal| portal.organizations),
        ("members", |_, portal| portal.members),
        ("requests, with preflights", |month, _| month.requests),
        ("changes (events)", |month, _| month.events),
        ("mails", |month, _| month.mails),
        ("read units", |month, _| month.reads),
        ("write units, with indexes", |month, _| month.writes),
    ];
    for (name, quantity) in quantities {
        row(name, months.each_ref().map(|(month, portal)| thousands(quantity(month, portal))));
    }
    let bills = months.each_ref().map(|(month, portal)| {
        let amounts = month.amounts(portal);
        assert_eq!(
            amounts.map(|(name, _)| name)[..],
            prices.iter().map(|it| it[0]).collect::<Vec<_>>()
        );
        assert!(amounts.iter().all(|(_, amount)| *amount > 0.0), "{amounts:?}");
        let parts = prices.iter().zip(amounts).map(|(it, (_, amount))| number(it[1]) * amount);
        parts.collect::<Vec<_>>()
    });
    for (nth, price) in prices.iter().enumerate() {
        row(price[0], bills.each_ref().map(|bill| format!("{:.2}", bill[nth])));
    }
    let sums = bills.map(|bill| bill.iter().sum::<f64>());
    row("**all**", sums.map(|sum| format!("**{sum:.2}**")));
    let per_member = [0, 1, 2].map(|nth| sums[nth] / PORTALS[nth].members);
    row("for each member", per_member.map(|usd| format!("{usd:.4}")));
    lines
}

#[test]
fn monthly_costs_follow_from_the_measured_units() {
    let read = |page: &str| {
        let text = std::fs::read_to_string(format!("../docs/{page}")).expect("it can be read");
        text.replace("\r\n", "\n")
    };
    let (costs, page) = (read("costs.md"), read("monthly-costs.md"));
    let invite = Units { trips: 2.0, reads: 3.0, writes: 18.0 };
    assert_eq!(Units::of("invite", &costs), invite, "the table of docs/costs.md can be read");
    let (before, rest) = page.split_once("| | small |").expect("the bill");
    let (_, after) = rest.split_once("\n\n").expect("a text after the bill");
    assert_printed("monthly-costs.md", &format!("{before}{}\n{after}", bill(&costs, &page)));
}
