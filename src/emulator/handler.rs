//! Routes a request to the resource that handles it.

use super::message::{RegistryId, Request, Response};
use super::versions::{self, VERSIONS};
use super::world::State;
use super::{
    connections, entra, error, logs, management, operations, permissions, registries,
    registry_service, replications, resource_graph, subscriptions,
};

/// Handles one request.
///
/// The function is pure: the same state and request give the same response and the same new state.
pub fn handle(state: &mut State, request: &Request) -> Response {
    let segments: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
    if let Some(answer) = entra::handle(request, &segments) {
        return answer;
    }
    if let Err(answer) = check_arm_request(request) {
        return *answer;
    }
    let lower: Vec<String> = segments.iter().map(|s| s.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    match lower.as_slice() {
        ["subscriptions"] if method == "GET" => subscriptions::list(state),
        ["providers", "microsoft.resourcegraph", "resources"] if method == "POST" => {
            resource_graph::query(state, request)
        }
        ["providers", "microsoft.management", "managementgroups", _, "descendants"]
            if method == "GET" =>
        {
            management::descendants(state, segments[3])
        }
        ["tenants"] if method == "GET" => subscriptions::tenants(),
        ["providers", "microsoft.containerregistry", "operations"] if method == "GET" => {
            registry_version(request).unwrap_or_else(registry_service::operations)
        }
        ["subscriptions", rest @ ..] if !rest.is_empty() => {
            let subscription = segments[1];
            match state.subscription(subscription) {
                None => return error::subscription_not_found(subscription),
                Some(known) if known.unreadable => {
                    return error::forbidden(
                        "Microsoft.Resources/subscriptions/read",
                        &request.path,
                    );
                }
                Some(_) => {}
            }
            in_subscription(state, request, &segments[1..], &lower[1..])
        }
        _ => no_route(request),
    }
}

fn check_arm_request(request: &Request) -> Result<(), Box<Response>> {
    match &request.authorization {
        Some(value) if entra::is_our_token(value) => {}
        Some(_) => {
            return Err(Box::new(
                error::arm(401, "InvalidAuthenticationToken", "The access token is invalid.")
                    .header("www-authenticate", "Bearer error=\"invalid_token\"".to_owned()),
            ));
        }
        None => {
            return Err(Box::new(
                error::arm(
                    401,
                    "AuthenticationFailed",
                    "Authentication failed. The 'Authorization' header is missing.",
                )
                .header("www-authenticate", "Bearer".to_owned()),
            ));
        }
    }
    if request.query("api-version").is_none_or(str::is_empty) {
        return Err(Box::new(error::arm(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )));
    }
    Ok(())
}

fn in_subscription(
    state: &mut State,
    request: &Request,
    segments: &[&str],
    lower: &[&str],
) -> Response {
    let subscription = segments[0];
    let method = request.method.as_str();
    match lower[1..] {
        [] if method == "GET" => subscriptions::get(state, subscription),
        ["providers", "microsoft.authorization", "acquirepolicytoken"] if method == "POST" => {
            subscriptions::policy_token()
        }
        ["providers", "microsoft.authorization", "locks"] if method == "GET" => {
            management::locks(state, subscription)
        }
        ["locations"] if method == "GET" => subscriptions::locations(subscription),
        ["resourcegroups"] if method == "GET" => subscriptions::groups(state, subscription),
        ["resources"] if method == "GET" => subscriptions::resources(state, request, subscription),
        ["providers", "microsoft.containerregistry", "registries"] if method == "GET" => {
            registry_version(request)
                .unwrap_or_else(|| as_of(request, registries::list(state, subscription, None)))
        }
        ["providers", "microsoft.containerregistry", "checknameavailability"]
            if method == "POST" =>
        {
            registry_version(request)
                .unwrap_or_else(|| registry_service::check_name(state, request))
        }
        ["resourcegroups", _, ref rest @ ..] => {
            let group = segments[2];
            let Some(known) = state.group(subscription, group) else {
                return error::group_not_found(group);
            };
            let changes = method != "GET" && !logs::applies(&request.path);
            if known.read_only && changes {
                let verb = if method == "DELETE" { "delete" } else { "write" };
                let kind = if rest.contains(&"replications") {
                    "registries/replications"
                } else {
                    "registries"
                };
                return error::forbidden(
                    &format!("Microsoft.ContainerRegistry/{kind}/{verb}"),
                    &request.path,
                );
            }
            if known.locked && changes {
                return error::locked(&request.path);
            }
            in_group(state, request, &segments[3..], rest, (subscription, group))
        }
        _ => no_route(request),
    }
}

fn in_group(
    state: &mut State,
    request: &Request,
    segments: &[&str],
    lower: &[&str],
    (subscription, group): (&str, &str),
) -> Response {
    let ["providers", "microsoft.containerregistry", "registries", rest @ ..] = lower else {
        return match (request.method.as_str(), lower) {
            ("GET", []) => subscriptions::group(state, subscription, group),
            (
                "POST",
                ["providers", "microsoft.network", "azurefirewalls", name, "providers", _, "logs"],
            ) => logs::of_firewall(request, name),
            _ => no_route(request),
        };
    };
    // Permissions belong to another provider, which has its own API versions.
    let is_own = !rest.contains(&"providers");
    if let Some(wrong) = registry_version(request).filter(|_| is_own) {
        return wrong;
    }
    let of = RegistryId { subscription, group, registry: segments.get(3).copied().unwrap_or("") };
    match (request.method.as_str(), rest) {
        ("GET", []) => as_of(request, registries::list(state, subscription, Some(group))),
        ("GET", [_]) => as_of(request, registries::get(state, of)),
        ("PATCH", [_]) => as_of(request, registries::update(state, &versions::known(request), of)),
        ("PUT", [_]) => as_of(request, registries::create(state, &versions::known(request), of)),
        ("DELETE", [_]) => registry_service::delete(state, of),
        ("GET", [_, "listusages"]) => registry_service::usages(state, of),
        ("GET", [_, "privatelinkresources"]) => registry_service::link_resources(state, of),
        ("GET", [_, "privatelinkresources", name]) => {
            registry_service::link_resource(state, of, name)
        }
        (_, [_, "replications" | "privateendpointconnections", ..])
            if state.registry(subscription, group, of.registry).is_none() =>
        {
            error::resource_not_found(&format!("registries/{}", of.registry), group)
        }
        ("GET", [_, "replications"]) => replications::list(state, of),
        ("GET", [_, "replications", _]) => replications::get(state, request, of, segments[5]),
        ("PATCH", [_, "replications", _]) => replications::update(state, request, of, segments[5]),
        ("PUT", [_, "replications", _]) => replications::create(state, request, of, segments[5]),
        ("DELETE", [_, "replications", _]) => replications::delete(state, request, of, segments[5]),
        ("GET", [_, "replications", _, "operationstatuses", _]) => {
            operations::status(state, request, segments[7])
        }
        ("GET", [_, "providers", "microsoft.authorization", "permissions"]) => {
            permissions::list(state, of)
        }
        (_, [_, "providers", "microsoft.insights", below @ ..]) => {
            logs::of_registry(state, request, of, &segments[6..], below)
        }
        ("GET", [_, "privateendpointconnections"]) => connections::list(state, of),
        ("GET", [_, "privateendpointconnections", _]) => connections::get(state, of, segments[5]),
        ("PUT", [_, "privateendpointconnections", _]) => {
            connections::put(state, request, of, segments[5])
        }
        ("DELETE", [_, "privateendpointconnections", _]) => {
            connections::delete(state, of, segments[5])
        }
        _ => no_route(request),
    }
}

/// The answer as its api-version shows it.
fn as_of(request: &Request, mut answer: Response) -> Response {
    if let Some(body) = &mut answer.body {
        versions::hide(request.query("api-version").unwrap_or_default(), body);
    }
    answer
}

fn registry_version(request: &Request) -> Option<Response> {
    let version = request.query("api-version").unwrap_or_default();
    (!VERSIONS.contains(&version)).then(|| {
        error::arm(
            400,
            "NoRegisteredProviderFound",
            format!(
                "No registered resource provider found for API version '{version}' for type 'registries'. \
                 The supported api-versions are '{}'.",
                VERSIONS.join(", ")
            ),
        )
    })
}

fn no_route(request: &Request) -> Response {
    error::arm(
        404,
        "InvalidResourceType",
        format!("The emulator does not implement {} {}.", request.method, request.path),
    )
}
