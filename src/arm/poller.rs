//! Long-running operations (LRO): where to poll, when an operation has ended, and ARM's error if it failed.

use super::error::{ArmError, ServiceError};
use super::http::{ArmHttp, parse};
use super::retry::{SHORTEST_WAIT, retry_after};
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Method, RawResponse, Url};
use azure_core::time::{Duration, OffsetDateTime};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;
use tokio::time::Instant;

/// The time between two polls, if ARM does not specify it.
const INTERVAL: Duration = Duration::seconds(2);
/// The longest time between two polls, whatever the server asks for.
const LONGEST_INTERVAL: Duration = Duration::seconds(60);
const DEADLINE_MINUTES: u64 = 60;

/// A long-running operation on a resource of type `T`.
///
/// ```text
/// begin → Running ──poll──▶ Running … ──▶ Done(T)
///                     └────────────────▶ Err(ARM's error)
/// ```
#[derive(Debug)]
pub struct Operation<'a, T> {
    http: &'a ArmHttp,
    resource: Url,
    track: Track,
    wait: Duration,
    started: Instant,
    finish: Finish,
    phantom: PhantomData<T>,
}

/// What a successful operation returns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Finish {
    /// The resource, which is read once more; the text names its model.
    Read(&'static str),
    /// Nothing: the resource was deleted.
    Nothing,
}

/// The state of an operation after a request.
#[derive(Debug)]
pub enum OperationState<'a, T> {
    /// The operation has ended; this is the resource.
    Done(T),
    /// The operation is still running: poll it.
    Running(Box<Operation<'a, T>>),
}

/// How ARM reports the state, in order of preference.
#[derive(Debug)]
enum Track {
    /// `Azure-AsyncOperation`: a URL whose body has a `status`.
    AsyncOperation(Url),
    /// `Location`: a URL that returns 202 until the operation has ended.
    Location(Url),
    /// The resource's own `provisioningState`.
    Resource,
}

impl<'a, T: DeserializeOwned> OperationState<'a, T> {
    /// Reads the response to the PUT, PATCH or DELETE that began the operation.
    pub(super) fn begin(
        http: &'a ArmHttp,
        resource: Url,
        finish: Finish,
        response: &RawResponse,
    ) -> Result<Self, ArmError> {
        Self::begun(http, resource, finish, response).map_err(ArmError::after_change)
    }

    fn begun(
        http: &'a ArmHttp,
        resource: Url,
        finish: Finish,
        response: &RawResponse,
    ) -> Result<Self, ArmError> {
        let headers = response.headers();
        let status = u16::from(response.status());
        let track = if let Some(url) = link(http, headers, "azure-asyncoperation")? {
            Track::AsyncOperation(url)
        } else if let (202, Some(url)) = (status, link(http, headers, "location")?) {
            Track::Location(url)
        } else if is_running(provisioning_state(response).as_deref()) {
            Track::Resource
        } else {
            return match finish {
                Finish::Read(model) => parse(&resource, response, model).map(Self::Done),
                Finish::Nothing => nothing(&resource).map(Self::Done),
            };
        };
        Ok(Self::Running(Box::new(Operation {
            http,
            resource,
            track,
            wait: interval(http, headers),
            started: Instant::now(),
            finish,
            phantom: PhantomData,
        })))
    }

    /// Polls until the operation has ended.
    ///
    /// # Errors
    /// ARM's error if it failed or was canceled; [`ArmError::OperationTimeout`] after an hour.
    pub async fn wait(self) -> Result<T, ArmError> {
        let mut state = self;
        loop {
            match state {
                Self::Done(resource) => return Ok(resource),
                Self::Running(operation) => state = operation.poll().await?,
            }
        }
    }
}

impl<'a, T: DeserializeOwned> Operation<'a, T> {
    /// Waits as long as ARM asked for, then polls once.
    ///
    /// # Errors
    /// ARM's error if the operation failed or was canceled; [`ArmError::OperationTimeout`] after an hour.
    pub async fn poll(self: Box<Self>) -> Result<OperationState<'a, T>, ArmError> {
        self.poll_once().await.map_err(ArmError::after_change)
    }

    async fn poll_once(mut self: Box<Self>) -> Result<OperationState<'a, T>, ArmError> {
        if self.started.elapsed() >= std::time::Duration::from_secs(DEADLINE_MINUTES * 60) {
            return Err(ArmError::OperationTimeout { minutes: DEADLINE_MINUTES });
        }
        if self.wait > Duration::ZERO {
            azure_core::sleep::sleep(self.wait).await;
        }
        let url = match &self.track {
            Track::AsyncOperation(url) | Track::Location(url) => url,
            Track::Resource => &self.resource,
        };
        let response = match self.http.send(Method::Get, url.clone(), None, None).await {
            // The operation is tracked through the resource, which no longer exists: its deletion has ended.
            Err(error) if self.is_deleted(&error) => {
                return nothing(&self.resource).map(OperationState::Done);
            }
            response => response?,
        };
        let headers = response.headers();
        self.wait = interval(self.http, headers);
        let (ended, next) = match &self.track {
            Track::AsyncOperation(_) => {
                let next = link(self.http, headers, "azure-asyncoperation")?;
                (self.operation_ended(url, &response)?, next.map(Track::AsyncOperation))
            }
            Track::Location(_) => {
                let next = link(self.http, headers, "location")?;
                (u16::from(response.status()) != 202, next.map(Track::Location))
            }
            Track::Resource => {
                let state = provisioning_state(&response);
                self.check_state(state.as_deref().unwrap_or("Succeeded"), &body(&response))?;
                if !is_running(state.as_deref()) {
                    let resource = match self.finish {
                        Finish::Read(model) => parse(url, &response, model)?,
                        Finish::Nothing => nothing(url)?,
                    };
                    return Ok(OperationState::Done(resource));
                }
                (false, None)
            }
        };
        if ended {
            return self.resource().await.map(OperationState::Done);
        }
        if let Some(next) = next {
            self.track = next;
        }
        Ok(OperationState::Running(self))
    }

    fn is_deleted(&self, error: &ArmError) -> bool {
        matches!((&self.track, self.finish), (Track::Resource, Finish::Nothing))
            && error.status() == Some(404)
    }

    async fn resource(&self) -> Result<T, ArmError> {
        match self.finish {
            Finish::Read(model) => {
                let response =
                    self.http.send(Method::Get, self.resource.clone(), None, None).await?;
                parse(&self.resource, &response, model)
            }
            Finish::Nothing => nothing(&self.resource),
        }
    }

    fn operation_ended(&self, url: &Url, response: &RawResponse) -> Result<bool, ArmError> {
        let body = body(response);
        let Some(status) = body["status"].as_str() else {
            return Err(ArmError::UnexpectedBody {
                host: url.host_str().unwrap_or_default().to_owned(),
                status: response.status().into(),
                expected: "the status of an operation",
                detail: "'status' is missing".to_owned(),
            });
        };
        self.check_state(status, &body)?;
        Ok(!is_running(Some(status)))
    }

    /// Returns an error if the operation failed or was canceled.
    fn check_state(&self, state: &str, body: &Value) -> Result<(), ArmError> {
        if !["Failed", "Canceled", "Cancelled"].iter().any(|s| s.eq_ignore_ascii_case(state)) {
            return Ok(());
        }
        let error = body.get("error").and_then(ServiceError::from_body).or_else(|| {
            let message = format!(
                "The operation on {} ended as {state}, and Azure Resource Manager gave no reason.",
                self.resource.path()
            );
            let error =
                serde_json::json!({"code": format!("Operation{state}"), "message": message});
            ServiceError::from_body(&error)
        });
        match error {
            Some(error) => Err(ArmError::Service { status: 200, error: Box::new(error) }),
            None => Ok(()), // not reached: the error above has a code
        }
    }
}

/// The value of a deleted resource: `()`.
fn nothing<T: DeserializeOwned>(url: &Url) -> Result<T, ArmError> {
    serde_json::from_value(Value::Null).map_err(|e| ArmError::UnexpectedBody {
        host: url.host_str().unwrap_or_default().to_owned(),
        status: 204,
        expected: "nothing",
        detail: e.to_string(),
    })
}

/// ARM's terminal states are listed here; in "Creating", "Updating" and any other state the operation is running.
fn is_running(state: Option<&str>) -> bool {
    const ENDED: [&str; 4] = ["Succeeded", "Failed", "Canceled", "Cancelled"];
    state.is_some_and(|state| !ENDED.iter().any(|ended| ended.eq_ignore_ascii_case(state)))
}

fn interval(http: &ArmHttp, headers: &Headers) -> Duration {
    let asked = retry_after(headers, OffsetDateTime::now_utc()).unwrap_or(INTERVAL);
    let shortest = if http.in_process { Duration::ZERO } else { SHORTEST_WAIT };
    asked.clamp(shortest, LONGEST_INTERVAL)
}

fn body(response: &RawResponse) -> Value {
    serde_json::from_slice(response.body().as_ref()).unwrap_or_default()
}

fn provisioning_state(response: &RawResponse) -> Option<String> {
    body(response)["properties"]["provisioningState"].as_str().map(str::to_owned)
}

/// The URL in a header, if there is one. It must lead to ARM's host.
fn link(http: &ArmHttp, headers: &Headers, name: &'static str) -> Result<Option<Url>, ArmError> {
    headers
        .get_optional_str(&HeaderName::from_static(name))
        .map(|text| http.own_link(text))
        .transpose()
}
