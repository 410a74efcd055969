//! Long-running operations: the URL to poll, and the status that it returns.

use super::error;
use super::message::{RegistryId, Request, Response};
use super::replications;
use super::world::{Operation, State};
use serde_json::json;
use std::fmt::Write as _;

/// The number of polls before an operation ends: a client has to poll more than once.
const POLLS: u32 = 2;
/// The polling interval in milliseconds.
///
/// The service sends none, so the Python SDK waits for 30 s. Here, there is nothing to wait for.
const POLL_AFTER_MS: &str = "50";

/// Starts an operation and adds the polling URL to its first response.
pub fn start(
    state: &mut State,
    request: &Request,
    of: RegistryId<'_>,
    replication: &str,
    kind: &str,
    answer: Response,
) -> Response {
    let id = format!("replications-00000000-0000-4000-8000-{:012x}", state.next_operation);
    state.next_operation += 1;
    let operation = Operation {
        id,
        subscription: of.subscription.to_owned(),
        resource_group: of.group.to_owned(),
        registry: of.registry.to_owned(),
        replication: replication.to_owned(),
        kind: kind.to_owned(),
        polls_left: POLLS,
    };
    let url = url(request, &operation);
    state.operations.push(operation);
    answer
        .header("azure-asyncoperation", url)
        .header("x-ms-retry-after-ms", POLL_AFTER_MS.to_owned())
}

/// GET of an operation's URL: returns the status.
pub fn status(state: &mut State, request: &Request, id: &str) -> Response {
    let Some(index) = state.operations.iter().position(|o| o.id.eq_ignore_ascii_case(id)) else {
        return error::arm(
            404,
            "OperationNotFound",
            format!("The operation '{id}' could not be found."),
        );
    };
    state.changed = true;
    let operation = &mut state.operations[index];
    if operation.polls_left > 0 {
        operation.polls_left -= 1;
        let operation = operation.clone();
        return Response::json(200, json!({ "status": operation.kind }))
            .header("azure-asyncoperation", url(request, &operation))
            .header("x-ms-retry-after-ms", POLL_AFTER_MS.to_owned());
    }
    end(state, request, index);
    Response::json(200, json!({"status": "Succeeded"}))
}

/// GET of a replica: counts as a poll of the operation on it, if there is one.
pub fn look(state: &mut State, request: &Request, of: RegistryId<'_>, replication: &str) {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let on_it = |o: &Operation| {
        same(&o.subscription, of.subscription)
            && same(&o.resource_group, of.group)
            && same(&o.registry, of.registry)
            && same(&o.replication, replication)
    };
    let Some(index) = state.operations.iter().position(on_it) else { return };
    state.changed = true;
    match &mut state.operations[index].polls_left {
        0 => end(state, request, index),
        left => *left -= 1,
    }
}

fn end(state: &mut State, request: &Request, index: usize) {
    let operation = state.operations.remove(index);
    let Operation { subscription, resource_group, registry, .. } = &operation;
    if let Some(registry) = state.registry_mut(subscription, resource_group, registry) {
        replications::finish(registry, &operation.replication, &operation.kind, &request.now);
    }
}

/// Returns a new polling URL for a response. The service signs its URLs, which makes them about 5 KB long.
fn url(request: &Request, operation: &Operation) -> String {
    let version = request.query("api-version").unwrap_or_default();
    let mut url = format!(
        "{}/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}/replications/{}\
         /operationStatuses/{}?api-version={version}&t=6390{:014}&c=",
        request.origin,
        operation.subscription,
        operation.resource_group,
        operation.registry,
        operation.replication,
        operation.id,
        operation.polls_left,
    );
    for i in 0..550u32 {
        // Writing to a String cannot fail.
        let _ = write!(url, "{:08x}", i.wrapping_mul(0x9e37_79b9));
    }
    url.push_str("&s=emulated&h=emulated");
    url
}
