//! Fakes of SES and EventBridge at the SDK's HTTP client, the rule and the queue between them, and the records of the
//! table's stream.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use ::mail::{Brand, EventKey, MAILED_ACTIONS, MailService, Message, Portal, Ses};
use ::publish::EventBridge;
use aws_lambda_events::dynamodb;
use aws_sdk_dynamodb::{
    config::{
        BehaviorVersion, Credentials, Region, http::HttpRequest, http::HttpResponse,
        retry::RetryConfig,
    },
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    result::ConnectorError,
};
use serde_json::{Value, json};
use shared::{
    domain::Email,
    store::{Store, keys},
};

use crate::{
    fault_layer::{Call, answer},
    helpers::id,
    invariants::{Item, scan},
    test_app::TestApp,
};

pub const PORTAL: &str = "https://portal.example.com";
pub const SENDER: &str = "no-reply@rolecall.example";

/// A fault of one call.
#[derive(Clone, Debug)]
pub enum CallFault {
    /// The service answers with this error code and message.
    Rejected(&'static str, String),
    /// There is no connection, and nothing was done.
    Lost,
    /// There is no response to a mail that is sent.
    Unanswered,
    /// The bus rejects these of the entries.
    RejectedEntries(Vec<usize>),
}

/// A call of `SendEmail` or `PutEvents`.
impl Call<'_> {
    /// Is this a mail to `email`?
    pub fn mails(&self, email: &str) -> bool {
        self.body["Destination"]["ToAddresses"][0] == email
    }
}

type Plan = Box<dyn FnMut(&Call<'_>) -> Option<CallFault> + Send>;

/// Both services, and what they received.
#[derive(Clone, Default)]
pub struct FakeAws(Arc<Mutex<Received>>);

#[derive(Default)]
struct Received {
    plan: Option<Plan>,
    calls: Vec<Value>,
    mails: Vec<Value>,
    events: Vec<Value>,
    /// The queue of mails, which the rule of the bus fills.
    queue: Vec<Message>,
    /// The number of messages that were ever put on the queue.
    queued: usize,
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}

impl FakeAws {
    /// What `mail` needs, with this store and the fake SES.
    pub fn mail_service(&self, store: &Store) -> MailService {
        let ses = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .http_client(self.http_client())
            .retry_config(RetryConfig::disabled())
            .region(region());
        let ses = aws_sdk_sesv2::Client::from_conf(ses.build());
        let ses = Ses::new(ses, Email::parse(SENDER).unwrap(), Some("rolecall".to_owned()));
        let portal = Portal::parse(PORTAL).unwrap();
        let (store, brand) = (store.clone(), Brand::default());
        MailService { store, transport: Arc::new(ses), portal, brand }
    }

    /// The bus of `publish`.
    pub fn bus(&self) -> EventBridge {
        let bus = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .http_client(self.http_client())
            .retry_config(RetryConfig::disabled())
            .region(region());
        EventBridge::new(aws_sdk_eventbridge::Client::from_conf(bus.build()), "rolecall")
    }

    fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// Sets the faults of the next calls.
    pub fn plan(&self, plan: impl FnMut(&Call<'_>) -> Option<CallFault> + Send + 'static) {
        let mut given = self.given();
        given.calls.clear();
        given.plan = Some(Box::new(plan));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.given().plan = None;
    }

    /// Takes the received mails, oldest first.
    pub fn mails(&self) -> Vec<Value> {
        std::mem::take(&mut self.given().mails)
    }

    /// Takes the received mails; returns their addressees.
    pub fn addressees(&self) -> Vec<String> {
        let to = |mail: Value| mail["Destination"]["ToAddresses"][0].as_str().unwrap().to_owned();
        self.mails().into_iter().map(to).collect()
    }

    /// Takes the entries that the bus received, in order.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.given().events)
    }

    /// Takes the entries; returns their types.
    pub fn event_types(&self) -> Vec<String> {
        let kind = |event: Value| event["DetailType"].as_str().unwrap().to_owned();
        self.events().into_iter().map(kind).collect()
    }

    /// Takes the messages on the queue of mails.
    pub fn queue(&self) -> Vec<Message> {
        std::mem::take(&mut self.given().queue)
    }

    /// Puts messages back on the queue.
    pub fn put_back(&self, messages: impl IntoIterator<Item = Message>) {
        self.given().queue.extend(messages);
    }

    fn given(&self) -> MutexGuard<'_, Received> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let is_mail = request.uri().ends_with("/v2/email/outbound-emails");
        let name = if is_mail { "SendEmail" } else { "PutEvents" };
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut given = self.given();
        let nth = given.calls.len();
        given.calls.push(body.clone());
        let fate = given.plan.as_mut().and_then(|plan| plan(&Call { nth, name, body: &body }));
        let refused = match fate {
            Some(CallFault::Lost) => return Err(ConnectorError::timeout("injected".into())),
            Some(CallFault::Unanswered) => {
                given.mails.push(body);
                return Err(ConnectorError::io("injected".into()));
            }
            Some(CallFault::Rejected(code, message)) => {
                let mut answer = answer(status(code), &json!({ "message": message }));
                answer.headers_mut().insert("x-amzn-errortype", code);
                return Ok(answer);
            }
            Some(CallFault::RejectedEntries(refused)) => refused,
            None => vec![],
        };
        if is_mail {
            given.mails.push(body);
            return Ok(answer(200, &json!({ "MessageId": "m-1" })));
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
                given.route(entry);
            }
        }
        Ok(answer(200, &json!({ "FailedEntryCount": refused.len(), "Entries": results })))
    }
}

impl Received {
    /// Plays the rule of the bus: puts the key of an event that causes mail on the queue.
    fn route(&mut self, entry: &Value) {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let action = entry["DetailType"].as_str().unwrap();
        if !MAILED_ACTIONS.contains(&action) || detail.get("replayed").is_some() {
            return;
        }
        self.queued += 1;
        let key = EventKey {
            organization_id: detail["organization_id"].as_str().unwrap().parse().unwrap(),
            event_id: detail["id"].as_str().unwrap().parse().unwrap(),
        };
        self.queue.push(Message::new(format!("message-{}", self.queued), json!(key).to_string()));
    }
}

/// The status with which SES and EventBridge send an error.
fn status(code: &str) -> u16 {
    match code {
        "AccessDeniedException" => 403,
        "NotFoundException" => 404,
        "TooManyRequestsException" => 429,
        "InternalServiceErrorException" => 500,
        _ => 400,
    }
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

fn region() -> Region {
    Region::from_static("eu-central-1")
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

/// All events as records of the table's stream, in the order of their ids.
pub async fn stream(app: &TestApp) -> Vec<Value> {
    let history = |item: &Item| item["pk"].as_s().unwrap().starts_with("EVENTS#");
    let mut items: Vec<Item> = scan(app).await.into_iter().filter(history).collect();
    items.sort_by_key(|item| item["sk"].as_s().unwrap().clone());
    items.into_iter().enumerate().map(|(nth, item)| record(nth, item)).collect()
}

/// The last event of an organization, read as its route reads it.
pub async fn newest(app: &TestApp, org: &str) -> Item {
    app.set_last_request(format!("GET {org}/events"));
    let org = id(org).parse().unwrap();
    let history = app.client.query().table_name(&app.table);
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

/// The event with which Lambda passes records on.
pub fn batch(records: &[Value]) -> dynamodb::Event {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}
