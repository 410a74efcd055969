//! Arguments that several commands share. Clap's types end here: commands get values.

use crate::arm::PolicyToken;
use crate::domain::RegistryName;
use crate::message::Code;
use crate::patch::Step;
use crate::session::Session;
use crate::streams::Streams;
use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value};

/// Which registry.
#[derive(Debug, Clone, Args)]
pub struct RegistryArgs {
    /// Name or login server
    #[arg(short, long, value_name = "NAME")]
    pub name: Option<String>,

    /// Resource group, if it is known
    ///
    /// Without it, the registry is looked up in the subscription.
    #[arg(short = 'g', long, value_name = "GROUP")]
    pub resource_group: Option<String>,
}

/// Which registry, for commands whose `--name` is something else.
#[derive(Debug, Clone, Args)]
pub struct OfRegistryArgs {
    /// Name or login server
    #[arg(short, long, value_name = "NAME", alias = "registry-name")]
    pub registry: Option<String>,

    /// Resource group, if it is known
    ///
    /// Without it, the registry is looked up in the subscription.
    #[arg(short = 'g', long, value_name = "GROUP")]
    pub resource_group: Option<String>,
}

impl RegistryArgs {
    /// The registry's name and resource group, defaults included.
    ///
    /// # Errors
    /// Fails if there is no name, or if it is not a registry name.
    pub fn resolve(&self, session: &Session) -> Result<(RegistryName, Option<String>)> {
        let name = session.registry_name(self.name.as_deref())?;
        Ok((name, session.resource_group(self.resource_group.as_deref())?))
    }
}

impl OfRegistryArgs {
    /// The registry's name and resource group, defaults included.
    ///
    /// # Arguments
    /// * `option` - what the error about a missing name calls the option; `az` calls it differently on each group.
    ///
    /// # Errors
    /// Fails if there is no name, or if it is not a registry name.
    pub fn resolve(
        &self,
        option: &str,
        session: &Session,
    ) -> Result<(RegistryName, Option<String>)> {
        let name = session.registry_name_of(self.registry.as_deref(), option)?;
        Ok((name, session.resource_group(self.resource_group.as_deref())?))
    }
}

/// `az`'s global policy arguments, which `az` has on every one of these commands except `list` and `show`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Azure Policy options")]
pub struct PolicyArgs {
    /// Acquire an Azure Policy token for the change
    #[arg(long, hide_short_help = true)]
    acquire_policy_token: bool,

    /// Id of the change that the operation belongs to
    #[arg(long, value_name = "ID", hide_short_help = true)]
    change_reference: Option<String>,
}

impl PolicyArgs {
    /// The request for an Azure Policy token, if the user wants one.
    pub fn token(&self) -> Option<PolicyToken> {
        let asked = self.acquire_policy_token || self.change_reference.is_some();
        asked.then(|| PolicyToken { change_reference: self.change_reference.clone() })
    }
}

/// `az`'s generic update arguments, in the order in which they were typed.
#[derive(Debug, Clone)]
pub struct GenericUpdateArgs {
    /// The changes.
    pub steps: Vec<Step>,
    /// Whether values remain text.
    pub force_string: bool,
}

type MakeStep = fn(Vec<String>) -> Step;

/// The arguments as clap parses them. Their order is lost here; it is read from the matches.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Generic update options")]
struct UnorderedUpdateArgs {
    /// Set properties: path=value …
    #[arg(id = SET, long, value_name = "PATH=VALUE", num_args = 1.., action = clap::ArgAction::Append, hide_short_help = true)]
    set: Option<Vec<String>>,

    /// Add to a list: path, then key=value, text or JSON
    #[arg(id = ADD, long, value_name = "PATH VALUE", num_args = 1.., action = clap::ArgAction::Append, hide_short_help = true)]
    add: Option<Vec<String>>,

    /// Remove a property, or an item: path, then its index
    #[arg(id = REMOVE, long, value_name = "PATH INDEX", num_args = 1.., action = clap::ArgAction::Append, allow_negative_numbers = true, hide_short_help = true)]
    remove: Option<Vec<String>>,

    /// Treat the values of --set and --add as text, not as JSON
    #[arg(long, hide_short_help = true)]
    force_string: bool,
}

const SET: &str = "set";
const ADD: &str = "add";
const REMOVE: &str = "remove";

impl Args for GenericUpdateArgs {
    fn augment_args(command: Command) -> Command {
        UnorderedUpdateArgs::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        UnorderedUpdateArgs::augment_args_for_update(command)
    }
}

impl FromArgMatches for GenericUpdateArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let force_string = UnorderedUpdateArgs::from_arg_matches(matches)?.force_string;
        let kinds: [(&str, MakeStep); 3] =
            [(SET, Step::Set), (ADD, Step::Add), (REMOVE, Step::Remove)];
        let mut steps: Vec<(usize, Step)> = Vec::new();
        for (id, step) in kinds {
            let occurrences = matches.get_occurrences::<String>(id).into_iter().flatten();
            let mut indices = matches.indices_of(id).into_iter().flatten();
            for values in occurrences {
                let values: Vec<String> = values.cloned().collect();
                let first = indices.next().unwrap_or_default();
                // The other values of this occurrence have indices as well.
                indices.by_ref().take(values.len().saturating_sub(1)).for_each(drop);
                steps.push((first, step(values)));
            }
        }
        steps.sort_by_key(|(index, _)| *index);
        Ok(Self { steps: steps.into_iter().map(|(_, step)| step).collect(), force_string })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Arguments, and their flags in the order in which the user typed them: `az` warns in that order.
#[derive(Debug, Clone)]
pub struct InOrder<A> {
    /// The arguments.
    pub args: A,
    flags: Vec<String>,
}

impl<A> InOrder<A> {
    /// Warns about flags that `az` marks as preview.
    ///
    /// # Arguments
    /// * `preview` - the flags, e.g. `--regional-endpoints`.
    pub fn warn_of_preview(&self, preview: &[&str], streams: &Streams) {
        for flag in self.flags.iter().filter(|flag| preview.contains(&flag.as_str())) {
            streams.warning(Code::Flag, &format!(
                "Argument '{flag}' is in preview and under development. Reference and support levels: \
                 https://aka.ms/CLI_refstatus"
            ));
        }
    }

    /// Warns about flags that `az` marks as deprecated.
    pub fn warn_of_deprecation(&self, deprecated: &[&str], streams: &Streams) {
        for flag in self.flags.iter().filter(|flag| deprecated.contains(&flag.as_str())) {
            let name = flag.trim_start_matches('-').replace('-', "_");
            streams.warning(
                Code::Flag,
                &format!(
                    "Argument '{name}' has been deprecated and will be removed in a future release."
                ),
            );
        }
    }
}

impl<A: Args> Args for InOrder<A> {
    fn augment_args(command: Command) -> Command {
        A::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

impl<A: Args> FromArgMatches for InOrder<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let command = A::augment_args(Command::new(""));
        let mut typed: Vec<(usize, String)> = command
            .get_arguments()
            .filter(|arg| {
                matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
            })
            .filter_map(|arg| {
                let index = matches.index_of(arg.get_id().as_str())?;
                Some((index, format!("--{}", arg.get_long()?)))
            })
            .collect();
        typed.sort_unstable();
        let flags = typed.into_iter().map(|(_, flag)| flag).collect();
        Ok(Self { args: A::from_arg_matches(matches)?, flags })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// How values of [`boolean`] are shown in help.
pub const BOOL: &str = "BOOL";

/// Accepts `true` or `false` in any case.
pub fn boolean() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["true", "false"]).map(|text| text.eq_ignore_ascii_case("true"))
}

/// Accepts one of the values in any case; the result has the list's spelling.
pub fn one_of(values: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(values).map(move |text| {
        let known = values.iter().find(|value| value.eq_ignore_ascii_case(&text));
        known.map_or(text.clone(), |value| (*value).to_owned())
    })
}

/// Parses tags: `key=value`, `key`, or nothing. A single `''` removes all tags.
pub fn tags(items: &[String]) -> Map<String, Value> {
    let pair = |item: &String| {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        (key.to_owned(), Value::from(value))
    };
    items.iter().filter(|item| !item.is_empty()).map(pair).collect()
}

/// Finds the short names of regions by short or display name.
///
/// # Errors
/// Fails if a region does not exist.
pub fn find_regions(names: &[String]) -> Result<Vec<&'static str>> {
    Ok(names.iter().map(|name| crate::domain::regions::find(name)).collect::<Result<_, _>>()?)
}
