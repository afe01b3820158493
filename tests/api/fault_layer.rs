//! A fault layer at the SDK's HTTP client. It produces what a local engine never does: conflicts,
//! throttling, time-outs before and after the write, partial batches, stale indexes and torn reads. It
//! also orders the calls of two requests, and stops a process between two calls.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        HttpClient, SharedHttpClient, http::HttpRequest, http::HttpResponse, retry::RetryConfig,
    },
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    result::ConnectorError,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A fault of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `TransactionConflict` for one item of a transaction.
    Conflict,
    /// A transaction is throttled on one of its items.
    ThrottledItem,
    /// The table is throttled.
    Throttle,
    /// A response with this status that does not come from DynamoDB.
    Status(u16),
    /// No response; the call was not executed.
    LostBefore,
    /// No response; the call was executed.
    LostAfter,
    /// A lost connection after this number of milliseconds; the call was not executed.
    Slow(u64),
    /// Half of a batch is returned, and the rest as `UnprocessedKeys`.
    Partial,
    /// A page of one item, with a `LastEvaluatedKey`.
    Short,
    /// The query reads this other table, whose index is older.
    Stale(String),
    /// A batch read without the items whose sort key begins so, as during a transaction.
    Torn(&'static str),
    /// The process stops before the call.
    StopBefore,
    /// The process stops after the call, before its response.
    StopAfter,
}

/// A call to an AWS service.
#[derive(Debug)]
pub struct Call<'a> {
    /// The number of the call since the plan was set, from 0.
    pub nth: usize,
    /// `BatchGetItem`, `Query`, `TransactWriteItems`, `SendEmail`.
    pub name: &'a str,
    /// The request body.
    pub body: &'a Value,
}

type Plan = Box<dyn FnMut(&Call<'_>) -> Option<Fault> + Send>;

/// The layer between the SDK and the engine.
#[derive(Clone)]
pub struct Layer(Arc<Inner>);

struct Inner {
    real: SharedHttpClient,
    plan: Mutex<(usize, Option<Plan>)>,
    steps: Mutex<Option<Arc<Steps>>>,
    stopped: Notify,
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

impl Layer {
    /// A layer under `client`, and the client above it. The SDK does not retry, so each retry is the
    /// product's.
    pub fn under(client: &Client) -> (Self, Client) {
        let real = client.config().http_client().expect("an HTTP client");
        let layer = Self(Arc::new(Inner {
            real,
            plan: Mutex::default(),
            steps: Mutex::default(),
            stopped: Notify::new(),
        }));
        let config = client.config().to_builder();
        let above = layer.clone();
        let config = config.http_client(http_client_fn(move |settings, components| {
            let real = above.0.real.http_connector(settings, components);
            SharedHttpConnector::new(Wire { layer: above.clone(), real })
        }));
        let config = config.retry_config(RetryConfig::disabled());
        (layer, Client::from_conf(config.build()))
    }

    /// Sets the faults of the next calls.
    pub fn plan(&self, plan: impl FnMut(&Call<'_>) -> Option<Fault> + Send + 'static) {
        *locked(&self.0.plan) = (0, Some(Box::new(plan)));
    }

    /// Only the `nth` call, from 0, has `fault`.
    pub fn once(&self, nth: usize, fault: Fault) {
        self.plan(move |call| (call.nth == nth).then(|| fault.clone()));
    }

    /// Removes all faults. Returns the number of calls since the plan was set.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut *locked(&self.0.plan)).0
    }

    /// Waits until a call is stopped.
    pub async fn stopped(&self) {
        self.0.stopped.notified().await;
    }

    /// Runs two requests concurrently, with their calls in the given order. Returns both results, and
    /// the order in which the calls were made.
    pub async fn interleave<A, B>(
        &self,
        order: &[usize],
        one: impl Future<Output = A>,
        other: impl Future<Output = B>,
    ) -> (A, B, Vec<usize>) {
        let steps = Arc::new(Steps::new(order));
        *locked(&self.0.steps) = Some(Arc::clone(&steps));
        let (one, other) = (steps.run(0, one), steps.run(1, other));
        let (one, other) = futures_util::join!(one, other);
        *locked(&self.0.steps) = None;
        let taken = locked(&steps.turns).taken.clone();
        (one, other, taken)
    }

    fn decide(&self, name: &str, body: &Value) -> Option<Fault> {
        let mut plan = locked(&self.0.plan);
        let (nth, plan) = &mut *plan;
        let fault = plan.as_mut()?(&Call { nth: *nth, name, body });
        *nth += 1;
        fault
    }

    async fn stop(&self) -> ! {
        self.0.stopped.notify_one();
        std::future::pending().await
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

tokio::task_local! {
    /// The request, 0 or 1, that a call belongs to.
    static REQUEST: usize;
}

/// The turns of the two requests.
struct Steps {
    turns: Mutex<Turns>,
    moved: Notify,
}

#[derive(Default)]
struct Turns {
    order: VecDeque<usize>,
    calling: bool,
    ended: [bool; 2],
    taken: Vec<usize>,
}

impl Steps {
    fn new(order: &[usize]) -> Self {
        let turns = Turns { order: order.iter().copied().collect(), ..Turns::default() };
        Self { turns: Mutex::new(turns), moved: Notify::new() }
    }

    /// Waits for a turn. After the end of the order, calls run one at a time.
    async fn turn(&self, request_number: usize) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            {
                let mut turns = locked(&self.turns);
                while turns.order.front().is_some_and(|&next| turns.ended[next]) {
                    turns.order.pop_front();
                }
                let mine = turns.order.front().is_none_or(|&next| next == request_number);
                if mine && !turns.calling {
                    turns.order.pop_front();
                    turns.calling = true;
                    turns.taken.push(request_number);
                    return;
                }
            }
            moved.await;
        }
    }

    fn done(&self) {
        locked(&self.turns).calling = false;
        self.moved.notify_waiters();
    }

    /// Runs a request to its end.
    async fn run<T>(&self, request_number: usize, request: impl Future<Output = T>) -> T {
        let done = REQUEST.scope(request_number, request).await;
        locked(&self.turns).ended[request_number] = true;
        self.moved.notify_waiters();
        done
    }
}

#[derive(Debug)]
struct Wire {
    layer: Layer,
    real: SharedHttpConnector,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (layer, real) = (self.layer.clone(), self.real.clone());
        let request_number = REQUEST.try_with(|request_number| *request_number).ok();
        HttpConnectorFuture::new(async move {
            let steps = locked(&layer.0.steps).clone();
            let Some((steps, request_number)) = steps.zip(request_number) else {
                return layer.pass(&real, request).await;
            };
            steps.turn(request_number).await;
            let answer = layer.pass(&real, request).await;
            steps.done();
            answer
        })
    }
}

impl Layer {
    async fn pass(
        &self,
        real: &SharedHttpConnector,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        let bytes = request.body().bytes().unwrap_or_default();
        let mut body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let Some(fault) = self.decide(&name, &body) else { return real.call(request).await };
        let items = body["TransactItems"].as_array().map_or(0, Vec::len);
        let tables = body["RequestItems"].as_object();
        let table = tables.and_then(|it| it.keys().next()).cloned().unwrap_or_default();
        match fault {
            Fault::Conflict => Ok(cancelled(items, "TransactionConflict")),
            Fault::ThrottledItem => Ok(cancelled(items, "ThrottlingError")),
            Fault::Throttle => Ok(answer(400, &problem("ProvisionedThroughputExceededException"))),
            Fault::Status(status) => Ok(answer(status, &json!("not DynamoDB"))),
            Fault::LostBefore => Err(lost()),
            Fault::LostAfter => {
                read(real.call(request).await?).await;
                Err(lost())
            }
            Fault::Slow(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Err(lost())
            }
            Fault::StopBefore => self.stop().await,
            Fault::StopAfter => {
                read(real.call(request).await?).await;
                self.stop().await
            }
            Fault::Short => {
                body["Limit"] = json!(1);
                real.call(with(request, &body)).await
            }
            Fault::Stale(table) => {
                body["TableName"] = json!(table);
                real.call(with(request, &body)).await
            }
            Fault::Partial => partial(real, request, body, &table).await,
            Fault::Torn(prefix) => {
                let mut found = read(real.call(request).await?).await;
                if let Some(items) = found["Responses"][&table].as_array_mut() {
                    items.retain(|item| !item["sk"]["S"].as_str().unwrap().starts_with(prefix));
                }
                Ok(answer(200, &found))
            }
        }
    }
}

/// Reads the first half of a batch, and names the other half as unprocessed.
async fn partial(
    real: &SharedHttpConnector,
    request: HttpRequest,
    mut body: Value,
    table: &str,
) -> Result<HttpResponse, ConnectorError> {
    let mut rest = body["RequestItems"].clone();
    let mut now = rest[table]["Keys"].as_array().cloned().unwrap_or_default();
    let later = now.split_off(now.len() / 2);
    let mut found = json!({ "Responses": {} });
    if !now.is_empty() {
        body["RequestItems"][table]["Keys"] = json!(now);
        found = read(real.call(with(request, &body)).await?).await;
    }
    rest[table]["Keys"] = json!(later);
    found["UnprocessedKeys"] = rest;
    Ok(answer(200, &found))
}

fn with(mut request: HttpRequest, body: &Value) -> HttpRequest {
    let text = body.to_string();
    request.headers_mut().insert("content-length", text.len().to_string());
    *request.body_mut() = text.into();
    request
}

async fn read(response: HttpResponse) -> Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap_or_default()
}

/// A response of an AWS service.
pub fn answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

fn problem(kind: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "injected" })
}

/// A cancelled transaction whose last item is the reason.
fn cancelled(items: usize, code: &str) -> HttpResponse {
    let mut reasons = vec![json!({ "Code": "None" }); items.saturating_sub(1)];
    reasons.push(json!({ "Code": code, "Message": "injected" }));
    let mut body = problem("TransactionCanceledException");
    body["Message"] =
        json!("Transaction cancelled, please refer cancellation reasons for specific reasons");
    body["CancellationReasons"] = json!(reasons);
    answer(400, &body)
}

fn lost() -> ConnectorError {
    ConnectorError::timeout("injected".into())
}
