//! SES and EventBridge as a test wants them, at the SDK's HTTP client; and the stream that leads there.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use ::notify::{Bus, Mailer, Outbox, Portal};
use aws_lambda_events::dynamodb;
use aws_sdk_dynamodb::{
    config::{
        BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents, http::HttpRequest,
        http::HttpResponse, retry::RetryConfig,
    },
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use serde_json::{Value, json};
use shared::store::{Store, keys};

use crate::{
    helpers::id,
    invariants::{Item, scan},
    test_app::TestApp,
};

pub const PORTAL: &str = "https://portal.example.com";

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is refused with this error, which says this.
    Refused(&'static str, String),
    /// There is no answer, and nothing was done.
    Lost,
    /// The bus does not take these of its entries.
    Without(Vec<usize>),
}

/// A call to one of the two.
#[derive(Debug)]
pub struct Call<'a> {
    /// Which one since the plan was made, from 0.
    pub nth: usize,
    /// `SendEmail` or `PutEvents`.
    pub name: &'a str,
    /// Its body.
    pub body: &'a Value,
}

impl Call<'_> {
    /// Is this a mail to `email`?
    pub fn mails(&self, email: &str) -> bool {
        self.body["Destination"]["ToAddresses"][0] == email
    }
}

type Plan = Box<dyn FnMut(&Call<'_>) -> Option<Fate> + Send>;

/// Both services, and what they were given.
#[derive(Clone, Default)]
pub struct Outside(Arc<Mutex<Given>>);

#[derive(Default)]
struct Given {
    plan: Option<Plan>,
    calls: Vec<Value>,
    mails: Vec<Value>,
    events: Vec<Value>,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

impl Outside {
    /// What notify reaches, with this store.
    pub fn outbox(&self, store: &Store) -> Outbox {
        let credentials = || Credentials::new("test", "test", None, None, "test");
        let region = || Region::from_static("eu-central-1");
        let ses = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .region(region());
        let bus = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .region(region());
        let ses = aws_sdk_sesv2::Client::from_conf(ses.build());
        let bus = aws_sdk_eventbridge::Client::from_conf(bus.build());
        let portal = Portal::parse(PORTAL).unwrap();
        Outbox {
            store: store.clone(),
            bus: Bus::new(bus, "rolecall"),
            mailer: Mailer::new(ses, "no-reply@rolecall.example", portal),
        }
    }

    /// From now on `plan` decides about every call.
    pub fn plan(&self, plan: impl FnMut(&Call<'_>) -> Option<Fate> + Send + 'static) {
        let mut given = self.given();
        given.calls.clear();
        given.plan = Some(Box::new(plan));
    }

    /// Everything works again.
    pub fn calm(&self) {
        self.given().plan = None;
    }

    /// The mails taken, oldest first, and takes them away.
    pub fn mails(&self) -> Vec<Value> {
        std::mem::take(&mut self.given().mails)
    }

    /// Whom the mails taken are for, and takes them away.
    pub fn addressees(&self) -> Vec<String> {
        let to = |mail: Value| mail["Destination"]["ToAddresses"][0].as_str().unwrap().to_owned();
        self.mails().into_iter().map(to).collect()
    }

    /// The entries that the bus took, in order, and takes them away.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.given().events)
    }

    /// What those entries are about.
    pub fn told(&self) -> Vec<String> {
        let kind = |event: Value| event["DetailType"].as_str().unwrap().to_owned();
        self.events().into_iter().map(kind).collect()
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let name = if request.uri().ends_with("/v2/email/outbound-emails") {
            "SendEmail"
        } else {
            "PutEvents"
        };
        let body: Value =
            serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        let mut given = self.given();
        let nth = given.calls.len();
        given.calls.push(body.clone());
        let fate = given.plan.as_mut().and_then(|plan| plan(&Call { nth, name, body: &body }));
        let refused = match fate {
            Some(Fate::Lost) => return Err(ConnectorError::timeout("injected".into())),
            Some(Fate::Refused(code, message)) => {
                let mut answer = respond(400, &json!({ "__type": code, "message": message }));
                answer.headers_mut().insert("x-amzn-errortype", code);
                return Ok(answer);
            }
            Some(Fate::Without(refused)) => refused,
            None => vec![],
        };
        if name == "SendEmail" {
            given.mails.push(body);
            return Ok(respond(200, &json!({ "MessageId": "m-1" })));
        }
        let entries = body["Entries"].as_array().unwrap();
        assert!(entries.len() <= 10, "EventBridge takes ten entries a call");
        let mut results = Vec::new();
        for (nth, entry) in entries.iter().enumerate() {
            if refused.contains(&nth) {
                results.push(json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "injected" }));
            } else {
                results.push(json!({ "EventId": "e-1" }));
                given.events.push(entry.clone());
            }
        }
        Ok(respond(200, &json!({ "FailedEntryCount": refused.len(), "Entries": results })))
    }
}

fn respond(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

impl HttpClient for Outside {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Outside {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

/// Everything that ever happened, as the table's stream brings it: commits of stories follow each
/// other as their events' ids do.
pub async fn stream(world: &TestApp) -> Vec<Value> {
    let history = |item: &Item| item["pk"].as_s().unwrap().starts_with("EVENTS#");
    let mut items: Vec<Item> = scan(world).await.into_iter().filter(history).collect();
    items.sort_by_key(|item| item["sk"].as_s().unwrap().clone());
    items.into_iter().enumerate().map(|(nth, item)| record(nth, item)).collect()
}

/// The last entry of an organization's history, looked up as its route does.
pub async fn newest(world: &TestApp, org: &str) -> Item {
    world.asks(format!("GET {org}/events"));
    let org = id(org).parse().unwrap();
    let history = world.client.query().table_name(&world.table);
    let history = history.key_condition_expression("pk = :pk").scan_index_forward(false).limit(1);
    let pk = AttributeValue::S(keys::events(org));
    let found = history.expression_attribute_values(":pk", pk).send().await.unwrap();
    found.items.unwrap_or_default().remove(0)
}

/// One record of the stream.
pub fn record(nth: usize, item: Item) -> Value {
    let image = serde_json::to_value(serde_dynamo::Item::from(item)).unwrap();
    json!({
        "eventID": format!("{nth:032x}"),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/rolecall/stream/1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_262_400.0,
            "Keys": { "pk": image["pk"], "sk": image["sk"] },
            "NewImage": image,
            "SequenceNumber": format!("{nth:021}"),
            "SizeBytes": 500,
            "StreamViewType": "NEW_IMAGE",
        },
    })
}

/// Records as Lambda hands them on.
pub fn batch(records: &[Value]) -> dynamodb::Event {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}
