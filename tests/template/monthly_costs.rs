//! `docs/monthly-costs.md`: the month's bill of three portals, computed from the units in `docs/costs.md`, the resources of
//! the template, and the tables of use and prices on the page itself.

use std::fmt::Write as _;

use shared::metrics::Metric;

use super::{resources, template};
use crate::printed::assert_printed;

/// How much a portal is used.
struct Portal {
    name: &'static str,
    organizations: f64,
    members: f64,
    /// Problems that occur in a month. Each is a metric.
    problems: f64,
}

const PORTALS: [Portal; 3] = [
    Portal { name: "small", organizations: 20.0, members: 200.0, problems: 10.0 },
    Portal { name: "middle", organizations: 500.0, members: 10_000.0, problems: 25.0 },
    Portal { name: "large", organizations: 10_000.0, members: 250_000.0, problems: 40.0 },
];

/// Runs of the schedules: each every five minutes, for 30 days.
const RUNS: f64 = 8_640.0;
/// The requests by which Lambda polls the two queues of mail: five at a time on each, for 20 seconds.
const POLLS: f64 = 2.0 * 5.0 * 3.0 * 60.0 * 24.0 * 30.0;
/// The rate at which Lambda reads the stream, as invocations for each event.
const BATCH: f64 = 0.5;
/// The milliseconds that a function is billed for each call to DynamoDB, and for the rest of a request.
const PER_TRIP: f64 = 6.0;
const PER_REQUEST: f64 = 4.0;
/// GB of memory; the function `members` has more.
const MEMORY: f64 = 0.25;
const MEMORY_OF_MEMBERS: f64 = 1.0;
/// Bytes of logs of a request: its own line, the line of API Gateway, and Lambda's two.
const LOG_BYTES: f64 = 700.0 + 450.0 + 900.0;
/// Bytes of an answer with its headers, and of the answer to a preflight request.
const ANSWER_BYTES: f64 = 3_000.0;
const PREFLIGHT_BYTES: f64 = 600.0;
/// Bytes of a member or invitation, of which the table and five indexes keep a copy each.
const MEMBER_BYTES: f64 = 1_000.0;
const COPIES: f64 = 6.0;
/// Bytes of an event. The default retention is unlimited; a year of events is counted here.
const EVENT_BYTES: f64 = 900.0;
/// Months of events that the table holds, and of logs that CloudWatch keeps.
const MONTHS_OF_EVENTS: f64 = 12.0;
const MONTHS_OF_LOGS: f64 = 3.0;
const MILLION: f64 = 1e6;
const GIGABYTE: f64 = 1e9;

/// The operations of the function `members`.
const OF_MEMBERS: [&str; 6] =
    ["list users", "search users", "show a member", "change a member", "remove a member", "export"];

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
    exports: f64,
}

impl Month {
    fn run(&mut self, times: f64, units: Units, memory: f64) {
        self.invocations += times;
        self.gb_seconds += times * memory * (PER_REQUEST + PER_TRIP * units.trips) / 1e3;
        self.reads += times * units.reads;
        self.writes += times * units.writes;
    }

    /// The rows of `used` are operations with their number by each member and by each organization.
    fn of(portal: &Portal, used: &[Vec<&str>], costs: &str) -> Self {
        let mut month = Self::default();
        for row in used {
            let (name, units) = (row[0], Units::of(row[0], costs));
            let times = number(row[1]) * portal.members + number(row[2]) * portal.organizations;
            let is_of_members = OF_MEMBERS.iter().any(|begin| name.starts_with(begin));
            month.run(times, units, if is_of_members { MEMORY_OF_MEMBERS } else { MEMORY });
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
            month.exports += if name.starts_with("export") { times } else { 0.0 };
        }
        // A browser keeps the answer to a preflight request for two hours, and for one URL. A visit of the portal is shorter.
        month.requests += month.preflights;
        month.run(month.preflights, Units::default(), MEMORY);
        // `publish` makes no call of the table, and one of the bus.
        month.run(month.events * BATCH, Units { trips: 1.0, ..Units::default() }, MEMORY);
        month.run(month.mails, Units::of("mail: an invitation", costs), MEMORY);
        month.run(2.0 * RUNS, Units::of("clean-up: nothing is due", costs), MEMORY);
        month
    }

    /// The amounts of the prices, in their order on the page.
    fn amounts(&self, portal: &Portal) -> [(&'static str, f64); 22] {
        let history = self.events * EVENT_BYTES * MONTHS_OF_EVENTS;
        let members = portal.members * MEMBER_BYTES;
        let logs = self.requests * LOG_BYTES / GIGABYTE;
        let archived = self.events * EVENT_BYTES / GIGABYTE;
        [
            ("API Gateway, HTTP API", self.requests / MILLION),
            ("Lambda, requests", self.invocations / MILLION),
            ("Lambda, arm64", self.gb_seconds / MILLION),
            ("DynamoDB on demand, writes", self.writes / MILLION),
            ("DynamoDB on demand, reads", self.reads / MILLION),
            ("DynamoDB, storage", (members * COPIES + history) / GIGABYTE),
            ("DynamoDB, point-in-time recovery", (members + history) / GIGABYTE),
            ("EventBridge, own events", self.events / MILLION),
            ("EventBridge, archiving", archived),
            ("EventBridge, kept archive", archived * archive_months()),
            ("EventBridge Scheduler", 2.0 * RUNS / MILLION),
            ("SQS", (3.0 * self.mails + POLLS) / MILLION),
            ("SES", self.mails / MILLION),
            ("CloudWatch, logs", logs),
            ("CloudWatch, kept logs", logs * MONTHS_OF_LOGS),
            ("CloudWatch, own metrics", own_metrics() + portal.problems),
            ("CloudWatch, alarms", alarm_metrics()),
            ("CloudWatch, dashboard", count("AWS::CloudWatch::Dashboard")),
            ("S3, exported files", self.exports / MILLION),
            ("Data to the internet", self.answer_bytes() / GIGABYTE),
            // These two are no part of the sum.
            ("KMS, a key of your own", 1.0),
            ("KMS, requests to it", self.key_uses() / MILLION),
        ]
    }

    fn answer_bytes(&self) -> f64 {
        (self.requests - self.preflights) * ANSWER_BYTES + self.preflights * PREFLIGHT_BYTES
    }

    /// The requests to a KMS key of the deployer, at most.
    fn key_uses(&self) -> f64 {
        // DynamoDB reuses the data key of the table for five minutes, for each role. `RUNS` are as long apart.
        let of_table =
            (self.invocations - self.preflights).min(count("AWS::Serverless::Function") * RUNS);
        // SQS reuses the data key of a queue for as long. The queue of SES's reports is left out.
        let of_queues = 2.0 * self.mails.min(2.0 * RUNS);
        // The bus encrypts each event, decrypts it for its rule, and archives it.
        of_table + of_queues + 3.0 * self.events + 2.0 * self.exports
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen")]
fn whole(count: usize) -> f64 {
    count as f64
}

fn count(of_type: &str) -> f64 {
    whole(resources(of_type).len())
}

/// The months for which the archive keeps an event by default.
fn archive_months() -> f64 {
    let retention = &template()["Parameters"]["ArchiveRetention"]["Default"];
    retention.as_f64().expect("days") / 30.0
}

/// The metrics of the namespace of the stack without dimensions.
fn own_metrics() -> f64 {
    let logged = Metric::all().filter(|metric| *metric != Metric::Refusals).count();
    whole(logged) + count("AWS::Logs::MetricFilter")
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

/// The table of the bill.
fn bill(costs: &str, page: &str) -> String {
    let (used, prices) = (table(page, "operation"), table(page, "price"));
    let months = PORTALS.each_ref().map(|portal| (portal, Month::of(portal, &used, costs)));
    let mut lines = format!("| | {} |\n|---|--:|--:|--:|\n", PORTALS.map(|it| it.name).join(" | "));
    let mut row = |name: &str, cells: [String; 3]| {
        writeln!(lines, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    let all = |value: fn(&Portal, &Month) -> f64| {
        months.each_ref().map(|(portal, month)| thousands(value(portal, month)))
    };
    row("organizations", all(|portal, _| portal.organizations));
    row("members", all(|portal, _| portal.members));
    row("requests, with preflights", all(|_, month| month.requests));
    row("preflights", all(|_, month| month.preflights));
    row("changes (events)", all(|_, month| month.events));
    row("mails", all(|_, month| month.mails));
    row("read units", all(|_, month| month.reads));
    row("write units, with indexes", all(|_, month| month.writes));
    let bills = months.each_ref().map(|(portal, month)| {
        let amounts = month.amounts(portal);
        let priced = amounts.each_ref().map(|(name, _)| *name);
        assert_eq!(priced.to_vec(), prices.iter().map(|price| price[0]).collect::<Vec<_>>());
        assert!(amounts.iter().all(|(_, amount)| *amount > 0.0), "{}: {amounts:?}", portal.name);
        let amounts = prices.iter().zip(amounts);
        amounts.map(|(price, (_, amount))| number(price[1]) * amount).collect::<Vec<_>>()
    });
    let (parts, key) = prices.split_at(prices.len() - 2);
    for (nth, price) in parts.iter().enumerate() {
        row(price[0], bills.each_ref().map(|bill| format!("{:.2}", bill[nth])));
    }
    let sums = bills.each_ref().map(|bill| bill[..parts.len()].iter().sum::<f64>());
    row("**all**", sums.map(|sum| format!("**{sum:.2}**")));
    let unconfirmed = bills.each_ref().map(|bill| {
        let lines = parts.iter().zip(bill).filter(|(price, _)| price[4].starts_with("none found"));
        lines.map(|(_, usd)| usd).sum::<f64>()
    });
    row("of it, by prices that no dated page confirms", unconfirmed.map(|usd| format!("{usd:.2}")));
    let per_member = [0, 1, 2].map(|nth| format!("{:.4}", sums[nth] / PORTALS[nth].members));
    row("for each member", per_member);
    let key = bills.map(|bill| bill[bill.len() - key.len()..].iter().sum::<f64>());
    row("in addition: a KMS key of your own, at most", key.map(|usd| format!("{usd:.2}")));
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
    assert_eq!(
        Units::of("invite", &costs),
        invite,
        "the table of docs/costs.md is read as it is meant"
    );
    let (before, rest) = page.split_once("| | small |").expect("the bill");
    let (_, after) = rest.split_once("\n\n").expect("a text after the bill");
    assert_printed("monthly-costs.md", &format!("{before}{}\n{after}", bill(&costs, &page)));
}
