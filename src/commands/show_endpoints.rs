//! `show-endpoints`: the hosts that clients of a registry connect to.

use super::Answer;
use super::args::PolicyArgs;
use super::endpoint_source::{self, Plan, RegistryEndpoints};
use crate::domain::Endpoints;
use crate::message::Code;
use crate::output::Outcome;
use crate::session::Session;
use crate::views::endpoints::{self, EndpointsJson};
use anyhow::{Context as _, Result};
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr show-endpoints -n contoso
  az-acr show-endpoints -n contoso --query \"dataEndpoints[].endpoint\" -o tsv
  az-acr show-endpoints -n contoso --planned --with-region japaneast
  az-acr show-endpoints -n contoso fabrikam > endpoints.json";

/// Arguments of `show-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowEndpointsArgs {
    /// Names or login servers
    #[arg(short, long, value_name = "NAME", num_args = 1..)]
    name: Vec<String>,

    /// Resource group, if it is known
    ///
    /// Without it, the registries are looked up in the subscription.
    #[arg(short = 'g', long, value_name = "GROUP")]
    resource_group: Option<String>,

    /// After a switch to data endpoints
    #[arg(long)]
    planned: bool,

    /// Plan for replicas there as well
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned")]
    with_region: Vec<String>,

    /// Plan for regional endpoints
    #[arg(long, requires = "planned")]
    regional_endpoints: bool,

    #[command(flatten)]
    policy: PolicyArgs,
}

/// Shows the endpoints of a registry, or of several as a list.
///
/// # Errors
/// Fails if a registry does not exist, ARM rejects a request, or a property that endpoints depend on is missing.
pub async fn run(args: &ShowEndpointsArgs, session: &Session) -> Result<Answer> {
    session.use_policy_token(args.policy.token());
    let plan = Plan::of_args(args.planned, &args.with_region, args.regional_endpoints)?;
    let group = args.resource_group.as_deref();
    let registries = endpoint_source::from_azure(&args.name, group, plan.as_ref(), session).await?;
    let uses_wildcard =
        |registry: &&RegistryEndpoints| registry.endpoints.storage_wildcard().is_some();
    let names = registries.iter().filter(uses_wildcard).map(|registry| registry.name.to_string());
    let names: Vec<String> = names.collect();
    // One line, however many registries.
    let (name, of) = match names.as_slice() {
        [] => (None, String::new()),
        [one] => (Some(one.as_str()), String::new()),
        several => (Some("NAME"), format!(" of {}", several.join(", "))),
    };
    if let Some(name) = name {
        session.streams.warning(
            Code::Wildcard,
            &format!(
                "To configure client firewall w/o using wildcard storage blob urls, use \"az acr update --name {name} \
                 --data-endpoint-enabled\" to enable dedicated data endpoints{of}."
            ),
        );
    }
    let endpoints = registries.into_iter().map(|registry| registry.endpoints).collect();
    answer(endpoints, args.name.len() > 1, args.planned)
}

fn answer(registries: Vec<Endpoints>, as_list: bool, planned: bool) -> Result<Answer> {
    let json: Vec<EndpointsJson> = registries.iter().map(EndpointsJson::from).collect();
    let value = match json.as_slice() {
        [one] if !as_list => serde_json::to_value(one),
        several => serde_json::to_value(several),
    };
    let rows = if planned { endpoints::planned_rows } else { endpoints::rows };
    let outcome = Outcome::new(value.context("endpoints are plain JSON")?);
    Ok(Answer::Value(outcome.with_table(move || rows(&registries))))
}
