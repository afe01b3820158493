//! A month's bill of three portals. The test computes it from the units in `docs/costs.md` and from the resources of the
//! template, and prints `docs/monthly-costs.md`.

use std::{collections::BTreeMap, fmt::Write as _};

use shared::metrics::Metric;

use super::{resources, template};
use crate::printed::assert_printed;

/// A unit price in USD in us-east-1.
struct Price {
    name: &'static str,
    usd: f64,
    per: &'static str,
    /// The path of AWS's own page.
    page: &'static str,
    /// The dated page that confirms it.
    source: &'static str,
}

/// A price with the page of AWS and the page that confirms it.
macro_rules! price {
    ($name:literal, $usd:literal, $per:literal, $page:literal, $source:expr) => {
        Price { name: $name, usd: $usd, per: $per, page: $page, source: $source }
    };
}

const UNCONFIRMED: &str = "none found; the list price as known on 2026-11-29";
const OF_GATEWAY: &str = "awsforengineers.com, 2025-05-19";
const OF_LAMBDA: &str = "wring.co, 2026-03-08";
const OF_TABLE: &str = "airbyte.com, 2025-07-21; since November 2024";
const OF_BUS: &str = "cloudburn.io, 2026-03-13";
const OF_LOGS: &str = "factualminds.com, 2026-06-13";
const OF_QUEUES_AND_KEYS: &str = "cloudburn.io, 2026-03-14";

const GATEWAY: Price =
    price!("API Gateway, HTTP API", 1.0, "million requests", "api-gateway", OF_GATEWAY);
const REQUESTS: Price = price!("Lambda, requests", 0.20, "million", "lambda", OF_LAMBDA);
const SECONDS: Price = price!("Lambda, arm64", 13.3334, "million GB-seconds", "lambda", OF_LAMBDA);
const WRITES: Price =
    price!("DynamoDB on demand, writes", 0.625, "million WRU", "dynamodb/on-demand/", OF_TABLE);
const READS: Price =
    price!("DynamoDB on demand, reads", 0.125, "million RRU", "dynamodb/on-demand/", OF_TABLE);
const STORAGE: Price = price!("DynamoDB, storage", 0.25, "GB", "dynamodb/on-demand/", UNCONFIRMED);
const RECOVERY: Price =
    price!("DynamoDB, point-in-time recovery", 0.20, "GB", "dynamodb/on-demand/", UNCONFIRMED);
const EVENTS: Price = price!("EventBridge, own events", 1.0, "million", "eventbridge", OF_BUS);
const ARCHIVE: Price = price!("EventBridge, archiving", 0.10, "GB", "eventbridge", OF_BUS);
const ARCHIVE_STORAGE: Price =
    price!("EventBridge, kept archive", 0.023, "GB", "eventbridge", OF_BUS);
const SCHEDULES: Price = price!("EventBridge Scheduler", 1.0, "million", "eventbridge", OF_BUS);
const QUEUES: Price = price!("SQS", 0.40, "million requests", "sqs", OF_QUEUES_AND_KEYS);
const MAILS: Price = price!("SES", 100.0, "million mails", "ses", UNCONFIRMED);
const LOGS: Price = price!("CloudWatch, logs", 0.50, "GB", "cloudwatch", OF_LOGS);
const LOG_STORAGE: Price = price!("CloudWatch, kept logs", 0.03, "GB", "cloudwatch", UNCONFIRMED);
const METRICS: Price =
    price!("CloudWatch, own metrics", 0.30, "metric", "cloudwatch", "signoz.io, 2026-02-15");
const ALARMS: Price =
    price!("CloudWatch, alarms", 0.10, "metric of an alarm", "cloudwatch", UNCONFIRMED);
const DASHBOARD: Price = price!("CloudWatch, dashboard", 3.0, "dashboard", "cloudwatch", OF_LOGS);
const FILES: Price = price!("S3, exported files", 5.0, "million files", "s3", UNCONFIRMED);
const TRANSFER: Price = price!("Data to the internet", 0.09, "GB", "ec2/on-demand/", OF_GATEWAY);

/// The prices of a KMS key of the deployer, which is no part of the sum.
const KEY: Price = price!("KMS, a key of your own", 1.0, "key", "kms", OF_QUEUES_AND_KEYS);
const KEY_USES: Price = price!("KMS, requests to it", 3.0, "million", "kms", OF_QUEUES_AND_KEYS);

const PRICES: [&Price; 20] = [
    &GATEWAY,
    &REQUESTS,
    &SECONDS,
    &WRITES,
    &READS,
    &STORAGE,
    &RECOVERY,
    &EVENTS,
    &ARCHIVE,
    &ARCHIVE_STORAGE,
    &SCHEDULES,
    &QUEUES,
    &MAILS,
    &LOGS,
    &LOG_STORAGE,
    &METRICS,
    &ALARMS,
    &DASHBOARD,
    &FILES,
    &TRANSFER,
];

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

/// Operations of `docs/costs.md`, how often each member causes one in a month, and each organization.
const USE: [(&str, f64, f64); 30] = [
    ("own memberships", 20.0, 0.0),
    ("own permissions", 40.0, 0.0),
    ("own pending invitations", 2.0, 0.0),
    ("show an organization", 20.0, 0.0),
    ("list users", 2.0, 5.0),
    ("search users by the beginning of an address", 1.0, 2.0),
    ("show a member", 1.0, 5.0),
    ("list roles", 1.0, 5.0),
    ("list invitations", 0.0, 5.0),
    ("list events", 0.0, 5.0),
    ("list sub-organizations", 0.5, 1.0),
    ("decision: a member", 200.0, 0.0),
    ("decision: through an ancestor", 20.0, 0.0),
    ("decision: through a partner", 10.0, 0.0),
    ("search resources", 2.0, 0.0),
    ("refusal: permission missing", 1.0, 0.0),
    ("invite", 0.04, 0.0),
    ("resend an invitation", 0.01, 0.0),
    ("show a received invitation", 0.05, 0.0),
    ("accept", 0.03, 0.0),
    ("revoke an invitation", 0.005, 0.0),
    ("clean-up: one invitation has expired", 0.005, 0.0),
    ("change a member's role", 0.02, 0.0),
    ("remove a member", 0.02, 0.0),
    ("request to join", 0.005, 0.0),
    ("approve a join request", 0.004, 0.0),
    ("create an organization", 0.0, 0.02),
    ("create a role", 0.0, 0.1),
    ("change the levels of a role", 0.0, 0.2),
    ("export ten users", 0.0, 0.5),
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

/// What an operation costs by `docs/costs.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Units {
    trips: f64,
    reads: f64,
    writes: f64,
}

/// The rows of `docs/costs.md`.
fn units(page: &str) -> BTreeMap<String, Units> {
    let rows =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| operation"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let number = |text: &str| text.trim().parse::<f64>().expect("a number");
        let writes = cells[3].split('+').map(number).sum();
        (cells[0].to_owned(), Units { trips: number(cells[1]), reads: number(cells[2]), writes })
    })
    .collect()
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

    fn of(portal: &Portal, units: &BTreeMap<String, Units>) -> Self {
        let row = |name: &str| {
            *units.get(name).unwrap_or_else(|| panic!("docs/costs.md has no row {name:?}"))
        };
        let mut month = Self::default();
        for (name, per_member, per_organization) in USE {
            let times = per_member * portal.members + per_organization * portal.organizations;
            let units = row(name);
            let of_members = [
                "list users",
                "search users",
                "show a member",
                "change a member",
                "remove a member",
                "export",
            ]
            .iter()
            .any(|begin| name.starts_with(begin));
            month.run(times, units, if of_members { MEMORY_OF_MEMBERS } else { MEMORY });
            if !name.starts_with("clean-up") {
                month.requests += times;
                // Services ask for decisions, and people use a portal of another origin.
                let is_of_browser = !name.starts_with("decision") && name != "search resources";
                month.preflights += if is_of_browser { times } else { 0.0 };
            }
            // An acceptance records the end of the invitation and the new member.
            let events = if name == "accept" { 2.0 } else { 1.0 };
            if units.writes > 0.0 {
                month.events += times * events;
            }
            let mails = match name {
                "invite" | "resend an invitation" | "approve a join request" => 1.0,
                "request to join" => 3.0,
                _ => 0.0,
            };
            month.mails += times * mails;
            if name.starts_with("export") {
                month.exports += times;
            }
        }
        // A browser keeps the answer to a preflight request for two hours, and for one URL. A visit of the portal is shorter.
        month.requests += month.preflights;
        let preflight = Units { trips: 0.0, reads: 0.0, writes: 0.0 };
        month.run(month.preflights, preflight, MEMORY);
        // `publish` makes no call of the table, and one of the bus.
        let publish = Units { trips: 1.0, reads: 0.0, writes: 0.0 };
        month.run(month.events * BATCH, publish, MEMORY);
        month.run(month.mails, row("mail: an invitation"), MEMORY);
        month.run(2.0 * RUNS, row("clean-up: nothing is due"), MEMORY);
        month
    }

    /// The amount of each price.
    fn amounts(&self, portal: &Portal) -> Vec<(&'static Price, f64)> {
        let history = self.events * EVENT_BYTES * MONTHS_OF_EVENTS;
        let members = portal.members * MEMBER_BYTES;
        let logs = self.requests * LOG_BYTES / GIGABYTE;
        vec![
            (&GATEWAY, self.requests / MILLION),
            (&REQUESTS, self.invocations / MILLION),
            (&SECONDS, self.gb_seconds / MILLION),
            (&WRITES, self.writes / MILLION),
            (&READS, self.reads / MILLION),
            (&STORAGE, (members * COPIES + history) / GIGABYTE),
            (&RECOVERY, (members + history) / GIGABYTE),
            (&EVENTS, self.events / MILLION),
            (&ARCHIVE, self.events * EVENT_BYTES / GIGABYTE),
            (&ARCHIVE_STORAGE, self.events * EVENT_BYTES / GIGABYTE * archive_months()),
            (&SCHEDULES, 2.0 * RUNS / MILLION),
            (&QUEUES, (3.0 * self.mails + POLLS) / MILLION),
            (&MAILS, self.mails / MILLION),
            (&LOGS, logs),
            (&LOG_STORAGE, logs * MONTHS_OF_LOGS),
            (&METRICS, own_metrics() + portal.problems),
            (&ALARMS, alarm_metrics()),
            (&DASHBOARD, count("AWS::CloudWatch::Dashboard")),
            (&FILES, self.exports / MILLION),
            (&TRANSFER, self.answer_bytes() / GIGABYTE),
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
fn number(count: usize) -> f64 {
    count as f64
}

fn count(of_type: &str) -> f64 {
    number(resources(of_type).len())
}

/// The months for which the archive keeps an event by default.
fn archive_months() -> f64 {
    let retention = &template()["Parameters"]["ArchiveRetention"]["Default"];
    retention.as_f64().expect("days") / 30.0
}

/// The metrics of the namespace of the stack without dimensions.
fn own_metrics() -> f64 {
    let logged = Metric::all().filter(|metric| *metric != Metric::Refusals).count();
    number(logged) + count("AWS::Logs::MetricFilter")
}

/// An alarm is billed for each metric that it watches.
fn alarm_metrics() -> f64 {
    let watched = resources("AWS::CloudWatch::Alarm").into_values().map(|alarm| {
        let math = alarm["Properties"]["Metrics"].as_array().cloned();
        math.map_or(1, |math| math.iter().filter(|it| it.get("MetricStat").is_some()).count())
    });
    number(watched.sum())
}

const HEAD: &str = "\
# What a month costs

The bill of three portals in USD, in the region us-east-1. The free tier, taxes, support and the identity provider are left
out. A test computes the bill from the measured units of [costs.md](costs.md) and from the resources of the template:
`UPDATE_DOCS=1 cargo test -p tests --test template monthly`.

";

const ASSUMPTIONS: &str = "
## Assumptions

- A member works on 20 days a month; each day they open the portal once. Other services ask 230 decisions about a member a
  month. A month, 4 % of the members are invited, 3 % accept and 2 % leave. `USE` in `tests/template/monthly_costs.rs` has the
  number of each operation.
- The portal has another origin than the API. So its browser sends a preflight request (`OPTIONS`) before each request: it may keep
  the answer for two hours, but only for the same URL. Each is a request, an invocation and its log lines. A portal behind the same
  proxy as the API has none.
- A function is billed 4 ms and 6 ms for each call to DynamoDB, with 256 MB, in `members` with 1 GB. **This is assumed, not
  measured on AWS.** Twice as much doubles the line *Lambda, arm64* alone.
- Logs: about 2 KB a request in four lines; a test holds the line of a usual request to 700 bytes. They are kept for 90 days.
- Answers of 3 KB, and of 0.6 KB to a preflight request. A member takes 1 KB in the table and in each of five indexes. Events take
  0.9 KB and are counted for one year; each further year adds as much. `event_retention_days` of an organization ends it.
- The clean-up and the digests run every 5 minutes. Lambda reads the stream with two events a call, and polls each queue of
  mail with five requests at a time.
- The archive of the bus keeps events for 14 days (`ArchiveRetention`).
- A KMS key of your own is used by the table for each function at most once in 5 minutes, by the queues as often, and by the bus
  three times for each event. **This is assumed from the documentation of AWS.** Logs are left out: CloudWatch reuses its data keys.
- A WAF, CloudFront and a custom domain are not included. Gradual deployments add 11 metrics of alarms, 1.10 USD, and up to 0.30 USD
  for each release that answers with 5xx.

## What drives the bill

- **Requests.** A decision costs about as much as any read. Services that ask the same question for each click should keep
  the answer for the time in which an outdated answer is acceptable.
- **CloudWatch.** Metrics and alarms cost the same for every size, so they are most of a small bill. A metric is billed for each
  combination of dimensions: the problem of a refusal is the only dimension, and at most about 90 problems exist. Metrics of
  each route would add six for each of more than 80 routes, 150 USD a month; they are off. A
  lower `LogRetention` keeps fewer logs.
- **Writes.** A change writes 6 to 14 units to the table and up to 14 to indexes. Their number follows from what people do, and
  not from the size of an organization.

## Prices

All prices are those of **us-east-1**, the first tier, in USD; the calculation uses these and no others. eu-central-1 costs about
a fifth more. AWS's own pages fill their tables by script, so a dated page of others was read on 2026-11-28 and 2026-11-29 for each
price. For the prices without one, the list price was taken. **Compare them with the page of AWS before you rely on them**, or ask
the price list, for example:

```sh
aws pricing get-products --region us-east-1 --service-code AmazonDynamoDB --filters Type=TERM_MATCH,Field=regionCode,Value=us-east-1
```

| price | USD | for | page of AWS | confirmed by |
|---|--:|---|---|---|
";

/// A number with separators of thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn page(units: &BTreeMap<String, Units>) -> String {
    let months: Vec<_> = PORTALS.iter().map(|portal| (portal, Month::of(portal, units))).collect();
    let mut page = HEAD.to_owned();
    let names: Vec<_> = PORTALS.iter().map(|portal| portal.name).collect();
    writeln!(page, "| | {} |\n|---|--:|--:|--:|", names.join(" | ")).unwrap();
    let mut row = |name: &str, cells: Vec<String>| {
        writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    let all = |value: fn(&Portal, &Month) -> f64| -> Vec<String> {
        months.iter().map(|(portal, month)| thousands(value(portal, month))).collect()
    };
    row("organizations", all(|portal, _| portal.organizations));
    row("members", all(|portal, _| portal.members));
    row("requests, with preflights", all(|_, month| month.requests));
    row("preflights", all(|_, month| month.preflights));
    row("changes (events)", all(|_, month| month.events));
    row("mails", all(|_, month| month.mails));
    row("read units", all(|_, month| month.reads));
    row("write units, with indexes", all(|_, month| month.writes));
    let bills: Vec<Vec<f64>> = months
        .iter()
        .map(|(portal, month)| {
            month.amounts(portal).iter().map(|(price, amount)| price.usd * amount).collect()
        })
        .collect();
    for (nth, price) in PRICES.iter().enumerate() {
        row(price.name, bills.iter().map(|bill| format!("{:.2}", bill[nth])).collect());
    }
    let sum = |bill: &Vec<f64>| format!("**{:.2}**", bill.iter().sum::<f64>());
    row("**all**", bills.iter().map(sum).collect());
    let per_member = bills.iter().zip(&PORTALS);
    let per_member =
        per_member.map(|(bill, it)| format!("{:.4}", bill.iter().sum::<f64>() / it.members));
    row("for each member", per_member.collect());
    let key = |month: &Month| KEY.usd + KEY_USES.usd * month.key_uses() / MILLION;
    let key = months.iter().map(|(_, month)| format!("{:.2}", key(month)));
    row("in addition: a KMS key of your own, at most", key.collect());
    page += ASSUMPTIONS;
    for Price { name, usd, per, page: path, source } in PRICES.into_iter().chain([&KEY, &KEY_USES])
    {
        let (service, rest) = path.split_once('/').unwrap_or((path, ""));
        let link = format!("https://aws.amazon.com/{service}/pricing/{rest}");
        writeln!(page, "| {name} | {usd} | {per} | [{service}]({link}) | {source} |").unwrap();
    }
    let unconfirmed = bills.iter().map(|bill| {
        let lines = bill.iter().zip(PRICES).filter(|(_, price)| price.source == UNCONFIRMED);
        let share = lines.map(|(usd, _)| usd).sum::<f64>() / bill.iter().sum::<f64>();
        format!("{:.0} %", 100.0 * share)
    });
    let unconfirmed: Vec<_> = unconfirmed.collect();
    let names = names.join(", ");
    let shares = unconfirmed.join(", ");
    writeln!(page, "\nPrices that no dated page confirms make {shares} of the sums ({names}).")
        .unwrap();
    page
}

#[test]
fn monthly_costs_follow_from_the_measured_units() {
    let costs = std::fs::read_to_string("../docs/costs.md").expect("docs/costs.md can be read");
    let units = units(&costs);
    let invite = Units { trips: 2.0, reads: 3.0, writes: 18.0 };
    assert_eq!(units["invite"], invite, "the table of docs/costs.md is read as it is meant");
    for (portal, amounts) in PORTALS.iter().map(|it| (it, Month::of(it, &units).amounts(it))) {
        let priced: Vec<_> = amounts.iter().map(|(price, _)| price.name).collect();
        let listed: Vec<_> = PRICES.iter().map(|price| price.name).collect();
        assert_eq!(priced, listed);
        assert!(amounts.iter().all(|(_, amount)| *amount > 0.0), "{}", portal.name);
    }
    assert_printed("monthly-costs.md", &page(&units));
}
