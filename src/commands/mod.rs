//! The commands, one a file: arguments, checks, and what is done.

mod annotations;
pub mod check_endpoints;
pub mod completion;
pub mod emulator;
mod endpoints_file;
pub mod firewall_rules;
pub mod list;
pub mod network_rule;
pub mod private_endpoint_connection;
pub mod replication;
pub mod show;
pub mod show_endpoints;
pub mod update;

use crate::arm::{Registry, Replication, SkuName};
use crate::context::Context;
use crate::error::UserError;
use crate::generic_update::Step;
use crate::output::Outcome;
use crate::registry_name::RegistryName;
use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value};

/// What a command has to say.
#[derive(Debug)]
pub enum Answer {
    /// A value, written in the format that `--output` asks for.
    Value(Outcome),
    /// Bytes as they are.
    Text(Vec<u8>),
}

/// Which registry.
#[derive(Debug, Clone, Args)]
pub struct RegistryArgs {
    /// Registry name or login server [default: az's]
    #[arg(short, long, value_name = "NAME")]
    pub name: Option<String>,

    /// Its resource group; saves a search [default: az's]
    #[arg(short = 'g', long, value_name = "GROUP")]
    pub resource_group: Option<String>,
}

/// Which registry, for commands whose `--name` is something below it.
#[derive(Debug, Clone, Args)]
pub struct OfRegistryArgs {
    /// Registry name or login server [default: az's]
    #[arg(short, long, value_name = "NAME", visible_alias = "registry-name")]
    pub registry: Option<String>,

    /// Its resource group; saves a search [default: az's]
    #[arg(short = 'g', long, value_name = "GROUP")]
    pub resource_group: Option<String>,
}

/// `az`'s global policy arguments, which all commands have but `list` and `show`. The context reads them by their ids.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Azure Policy options")]
pub struct PolicyArgs {
    /// Acquire an Azure Policy token for the change
    #[arg(long, hide_short_help = true)]
    acquire_policy_token: bool,

    /// Id of the change that this belongs to
    #[arg(long, value_name = "ID", hide_short_help = true)]
    change_reference: Option<String>,
}

/// `az`'s generic update arguments.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Generic update options")]
pub struct GenericUpdateArgs {
    /// Set properties: path=value …
    #[arg(long, value_name = "PATH=VALUE", num_args = 1.., action = clap::ArgAction::Append)]
    set: Option<Vec<String>>,

    /// Add to a list: path, then key=value, text or JSON
    #[arg(long, value_name = "PATH VALUE", num_args = 1.., action = clap::ArgAction::Append)]
    add: Option<Vec<String>>,

    /// Remove a property, or an item: path, then its index
    #[arg(long, value_name = "PATH INDEX", num_args = 1.., action = clap::ArgAction::Append, allow_negative_numbers = true)]
    remove: Option<Vec<String>>,

    /// Take values of --set and --add as text, not as JSON
    #[arg(long)]
    pub force_string: bool,
}

impl GenericUpdateArgs {
    /// The steps in the order in which they were typed.
    pub fn steps(ctx: &Context) -> Vec<Step> {
        let mut steps: Vec<(usize, Step)> = Vec::new();
        for id in ["set", "add", "remove"] {
            let occurrences = ctx.matches.get_occurrences::<String>(id).into_iter().flatten();
            let mut indices = ctx.matches.indices_of(id).into_iter().flatten();
            for values in occurrences {
                let values: Vec<String> = values.cloned().collect();
                let first = indices.next().unwrap_or_default();
                // The other values of this occurrence have indices, too.
                indices.by_ref().take(values.len().saturating_sub(1)).for_each(drop);
                let step = match id {
                    "set" => Step::Set(values),
                    "add" => Step::Add(values),
                    _ => Step::Remove(values),
                };
                steps.push((first, step));
            }
        }
        steps.sort_by_key(|(index, _)| *index);
        steps.into_iter().map(|(_, step)| step).collect()
    }
}

/// How values of [`boolean`] are shown in help.
const BOOL: &str = "true|false";

/// `true` or `false` in any case.
fn boolean() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["true", "false"]).map(|text| text.eq_ignore_ascii_case("true"))
}

/// One of some values in any case; the result has the list's spelling.
fn one_of(values: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(values).map(move |text| {
        let known = values.iter().find(|value| value.eq_ignore_ascii_case(&text));
        known.map_or(text.clone(), |value| (*value).to_owned())
    })
}

/// `key=value`, `key`, or nothing: `''` alone removes all tags.
fn tags(items: &[String]) -> Map<String, Value> {
    let pair = |item: &String| {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        (key.to_owned(), Value::from(value))
    };
    items.iter().filter(|item| !item.is_empty()).map(pair).collect()
}

/// A registry that must be Premium: `az` asks before the request.
fn premium(registry: Registry, otherwise: &str) -> Result<Registry, UserError> {
    match registry.sku.as_ref().and_then(|sku| sku.name.as_ref()) {
        Some(SkuName::Premium) => Ok(registry),
        _ => Err(UserError::new(otherwise)),
    }
}

/// A registry and its replicas, asked for side by side.
async fn registry_and_replications(
    name: &RegistryName,
    group: Option<&str>,
    ctx: &Context,
) -> Result<(Registry, Vec<Replication>)> {
    ctx.with_registry(name, group, async |arm, of| {
        let (registry, replications) =
            tokio::join!(arm.get_registry(of), arm.list_replications(of));
        Ok((registry?, replications?))
    })
    .await
}

impl RegistryArgs {
    /// The registry and group that are meant, defaults included.
    fn resolve(&self, ctx: &Context) -> Result<(RegistryName, Option<String>)> {
        resolve(self.name.as_deref(), self.resource_group.as_deref(), ctx)
    }
}

impl OfRegistryArgs {
    /// The registry and group that are meant, defaults included.
    fn resolve(&self, ctx: &Context) -> Result<(RegistryName, Option<String>)> {
        resolve(self.registry.as_deref(), self.resource_group.as_deref(), ctx)
    }
}

fn resolve(
    name: Option<&str>,
    group: Option<&str>,
    ctx: &Context,
) -> Result<(RegistryName, Option<String>)> {
    Ok((ctx.registry_name(name)?, ctx.resource_group(group)?))
}
