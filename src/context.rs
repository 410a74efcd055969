//! What commands work with, each thing made when it is first asked for.

use crate::arm::{
    ArmClient, ArmClientOptions, ArmError, OperationState, PolicyToken, RegistryPath, RequestLog,
};
use crate::azure::AzureError;
use crate::azure::cloud::Cloud;
use crate::azure::config::Config;
use crate::azure::credential::{self, Inputs};
use crate::azure::http::{self, Network};
use crate::azure::profile::{Profile, ProfileSubscription};
use crate::emulator::store::Store;
use crate::emulator::transport::{EmulatorCredential, EmulatorTransport};
use crate::env::Env;
use crate::error::UserError;
use crate::hints::{Hints, Key};
use crate::registry_name::RegistryName;
use crate::streams::Streams;
use anyhow::{Context as _, Result};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{Transport, Url};
use hyper_util::client::proxy::matcher::Matcher;
use rustls::client::danger::ServerCertVerifier;
use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

/// What the user said for all commands.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    /// `--cloud`.
    pub cloud: Option<String>,
    /// `--subscription`.
    pub subscription: Option<String>,
}

/// A subscription to work in.
#[derive(Debug, Clone)]
pub struct ChosenSubscription {
    /// The GUID.
    pub id: String,
    /// The name, where it is known.
    pub name: Option<String>,
    /// The profile's entry, when it came from there.
    profile: Option<ProfileSubscription>,
}

/// The world that commands see.
pub struct Context {
    /// Variables and clock.
    pub env: Env,
    /// The three streams.
    pub streams: Streams,
    /// The command's own arguments as clap has them, for those whose order matters.
    pub matches: clap::ArgMatches,
    /// Makes the whole clap tree, for completions.
    pub command_tree: fn() -> clap::Command,
    /// `az`'s settings.
    pub config: Config,
    globals: Globals,
    cloud: OnceCell<Cloud>,
    profile: OnceCell<Profile>,
    subscription: OnceCell<ChosenSubscription>,
    arm: OnceCell<ArmClient>,
}

impl Context {
    /// A context in which nothing has been made yet.
    pub fn new(
        env: Env,
        streams: Streams,
        config: Config,
        globals: Globals,
        command_tree: fn() -> clap::Command,
    ) -> Self {
        Self {
            env,
            streams,
            matches: clap::ArgMatches::default(),
            command_tree,
            config,
            globals,
            cloud: OnceCell::new(),
            profile: OnceCell::new(),
            subscription: OnceCell::new(),
            arm: OnceCell::new(),
        }
    }

    /// The cloud. Depends on `--cloud`, `config` and `clouds.config`.
    ///
    /// # Errors
    /// An unknown cloud, or a damaged file.
    pub fn cloud(&self) -> Result<&Cloud> {
        if self.cloud.get().is_none() {
            let name = Cloud::chosen(&self.config, self.globals.cloud.as_deref());
            let cloud = Cloud::load(&self.config, &name)?;
            self.streams.info(&format!("cloud {name}: {}", cloud.resource_manager));
            let _ = self.cloud.set(cloud);
        }
        self.cloud.get().context("the cloud was just set")
    }

    /// The subscriptions of `az`'s login in this cloud. Depends on the cloud and `azureProfile.json`.
    fn profile(&self) -> Result<&Profile> {
        if self.profile.get().is_none() {
            let cloud = self.cloud()?;
            // The emulator's world is its own: a login for the real one has no subscriptions there.
            let profile = if cloud.is_emulator() {
                Profile::default()
            } else {
                Profile::load(self.config.directory(), &cloud.name)?
            };
            let _ = self.profile.set(profile);
        }
        self.profile.get().context("the profile was just set")
    }

    /// The subscription. Depends on `--subscription`, the profile, `AZURE_SUBSCRIPTION_ID`, and ARM when none of
    /// them says which.
    ///
    /// # Errors
    /// No such subscription, or none chosen.
    pub async fn subscription(&self) -> Result<&ChosenSubscription> {
        if self.subscription.get().is_none() {
            let chosen = match self.globals.subscription.as_deref() {
                // An empty name has been warned about, and is none: so says az.
                None | Some("") => self.default_subscription().await?,
                Some(wanted) => self.named_subscription(wanted).await?,
            };
            self.streams.info(&format!("subscription {}", chosen.id));
            let _ = self.subscription.set(chosen);
        }
        self.subscription.get().context("the subscription was just set")
    }

    /// Warns, before anything else is looked at, when `--subscription` is none of the login's: `az` does.
    ///
    /// # Errors
    /// A damaged profile.
    pub fn recognise_subscription(&self) -> Result<()> {
        if let Some(wanted) = &self.globals.subscription {
            let profile = self.profile()?;
            if !profile.is_empty() && matches!(profile.find(wanted), Ok(None)) {
                self.streams.warning(&format!("Subscription '{wanted}' not recognized."));
            }
        }
        Ok(())
    }

    async fn named_subscription(&self, wanted: &str) -> Result<ChosenSubscription> {
        let profile = self.profile()?;
        if let Some(found) = profile.find(wanted)? {
            return Ok(from_profile(found));
        }
        if !profile.is_empty() {
            return Err(AzureError::UnknownSubscription(wanted.to_owned()).into());
        }
        if azure_core::Uuid::parse_str(wanted).is_ok() && !self.cloud()?.is_emulator() {
            return Ok(ChosenSubscription { id: wanted.to_owned(), name: None, profile: None });
        }
        let known = self.arm_without_subscription().await?.list_subscriptions().await?;
        let wanted_lower = wanted.to_lowercase();
        let mut matching = known.into_iter().filter(|s| {
            s.subscription_id.to_lowercase() == wanted_lower
                || s.display_name.to_lowercase() == wanted_lower
        });
        match (matching.next(), matching.next()) {
            (Some(found), None) => Ok(ChosenSubscription {
                id: found.subscription_id,
                name: Some(found.display_name),
                profile: None,
            }),
            (Some(_), Some(_)) => Err(AzureError::AmbiguousSubscription(wanted.to_owned()).into()),
            (None, _) => Err(AzureError::UnknownSubscription(wanted.to_owned()).into()),
        }
    }

    async fn default_subscription(&self) -> Result<ChosenSubscription> {
        let (profile, cloud) = (self.profile()?, self.cloud()?);
        let of_cloud = match &cloud.default_subscription {
            Some(id) => profile.find(id)?,
            None => None,
        };
        if let Some(found) = profile.default_subscription().or(of_cloud) {
            return Ok(from_profile(found));
        }
        if let Some(id) = self.env.var("AZURE_SUBSCRIPTION_ID").filter(|_| !cloud.is_emulator()) {
            return Ok(ChosenSubscription { id, name: None, profile: None });
        }
        let mut known = self.arm_without_subscription().await?.list_subscriptions().await?;
        if known.len() == 1 {
            let only = known.remove(0);
            let (id, name) = (only.subscription_id, Some(only.display_name));
            return Ok(ChosenSubscription { id, name, profile: None });
        }
        let list: Vec<String> = known
            .iter()
            .map(|s| format!("\n  {}  {}", s.subscription_id, s.display_name))
            .collect();
        let message = if list.is_empty() {
            "No subscription is visible to this login.".to_owned()
        } else {
            format!(
                "Several subscriptions are visible to this login. Choose one by --subscription or AZURE_SUBSCRIPTION_ID:{}",
                list.concat()
            )
        };
        Err(AzureError::NoSubscription(message).into())
    }

    /// The ARM client. Depends on the cloud, the credential and, for the credential, the subscription.
    ///
    /// # Errors
    /// Nobody is logged in, or a variable or file makes no sense.
    pub async fn arm(&self) -> Result<&ArmClient> {
        if self.arm.get().is_none() {
            let profile = self.subscription().await?.profile.clone();
            // Choosing the subscription may have needed the client.
            if self.arm.get().is_none() {
                let _ = self.arm.set(self.make_arm(profile.as_ref()).await?);
            }
        }
        self.arm.get().context("the client was just set")
    }

    async fn arm_without_subscription(&self) -> Result<&ArmClient> {
        if self.arm.get().is_none() {
            let _ = self.arm.set(self.make_arm(None).await?);
        }
        self.arm.get().context("the client was just set")
    }

    async fn make_arm(&self, subscription: Option<&ProfileSubscription>) -> Result<ArmClient> {
        let cloud = self.cloud()?;
        let resource = &cloud.active_directory_resource_id;
        let (transport, credential) = self.login(subscription, resource).await?;
        let streams = self.streams.clone();
        let options = ArmClientOptions {
            transport: Some(transport),
            log: Some(RequestLog::new(move |line| streams.debug(line))),
            policy_token: self.policy_token(),
        };
        let endpoint = Url::parse(&cloud.resource_manager)
            .with_context(|| format!("the cloud '{}' has no usable ARM endpoint", cloud.name))?;
        Ok(ArmClient::new(endpoint, credential, &cloud.scope(), options)?)
    }

    /// The way to Azure and the login. Depends on the cloud, on what tokens are wanted for and, on a developer's machine,
    /// on the subscription.
    async fn login(
        &self,
        subscription: Option<&ProfileSubscription>,
        resource: &str,
    ) -> Result<(Transport, Arc<dyn TokenCredential>)> {
        let cloud = self.cloud()?;
        if cloud.is_emulator() {
            let emulator = EmulatorTransport::new(self.emulator_store()?, self.env.clock());
            return Ok((Transport::new(Arc::new(emulator)), Arc::new(EmulatorCredential)));
        }
        let network = Network::https(&self.env, vec![crate::arm::retry_policy()])?;
        let login = credential::choose(&Inputs {
            env: &self.env,
            directory: self.config.directory(),
            cloud,
            resource,
            subscription,
            network: &network,
            log: &|line| self.streams.debug(line),
        })
        .await?;
        self.streams.info(&format!("credential: {}", login.name));
        Ok((network.transport(), login.credential))
    }

    /// A token of the current login for registries, as `az` 2.91 asks for it: for a resource of their own, which
    /// `[acr] audience_resource` may replace. Asks ARM for nothing.
    ///
    /// # Errors
    /// Nobody is logged in, or Entra refuses.
    pub async fn registry_token(&self) -> Result<Secret> {
        let resource = match self.config.get("acr", "audience_resource") {
            Some(url) if url.starts_with("https://") => url,
            Some(name) => format!("https://{name}.azure.net"),
            None => "https://containerregistry.azure.net".to_owned(),
        };
        let profile = self.profile()?;
        let subscription = match (self.subscription.get(), self.globals.subscription.as_deref()) {
            (Some(chosen), _) => chosen.profile.clone(),
            (None, Some(wanted)) if !wanted.is_empty() => profile.find(wanted)?.cloned(),
            _ => profile.default_subscription().cloned(),
        };
        let (_, credential) = self.login(subscription.as_ref(), &resource).await?;
        let scope = format!("{resource}/.default");
        Ok(credential.get_token(&[&scope], None).await?.token)
    }

    /// Trusts the certificates that clients on this machine trust.
    ///
    /// # Errors
    /// A variable for roots makes no sense.
    pub fn local_trust(&self) -> Result<Arc<dyn ServerCertVerifier>> {
        Ok(http::local_trust(&self.env)?)
    }

    /// The proxies by host: `wanted` in place of the variables' one, if it is said.
    ///
    /// # Errors
    /// The proxy makes no sense.
    pub fn proxies(&self, wanted: Option<&str>) -> Result<Option<Matcher>> {
        Ok(http::proxies(&self.env, wanted)?)
    }

    /// `az`'s global policy arguments, on the commands that have them.
    fn policy_token(&self) -> Option<PolicyToken> {
        let reference = self.matches.try_get_one::<String>("change_reference").ok().flatten();
        let asked = self.matches.try_get_one::<bool>("acquire_policy_token").ok().flatten();
        (reference.is_some() || asked == Some(&true))
            .then(|| PolicyToken { change_reference: reference.cloned() })
    }

    /// The emulator's state file: `AZ_ACR_EMULATOR_STATE`, else below `XDG_STATE_HOME`.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn emulator_store(&self) -> Result<Store> {
        let path = match self.env.path("AZ_ACR_EMULATOR_STATE") {
            Some(path) => path,
            None => self.emulator_directory()?.join("emulator.json"),
        };
        Ok(Store::new(path))
    }

    /// The directory for the emulator's files, below `XDG_STATE_HOME`.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn emulator_directory(&self) -> Result<PathBuf> {
        let state = self.env.xdg("XDG_STATE_HOME", ".local/state");
        let state =
            state.context("there is no home directory: set HOME or AZ_ACR_EMULATOR_STATE")?;
        Ok(state.join("az-acr"))
    }

    /// The registry that is meant: `--name`, else `[defaults] acr`; checked and trimmed.
    ///
    /// # Errors
    /// No name, or no name of a registry.
    pub fn registry_name(&self, name: Option<&str>) -> Result<RegistryName> {
        let default;
        let text = if let Some(name) = name {
            name
        } else {
            default = self.config.default_for("acr")?;
            default.as_deref().ok_or_else(|| {
                UserError::usage("the following arguments are required: --name/-n")
                    .hint("A default is set by 'az configure --defaults acr=<registry name>' or AZURE_DEFAULTS_ACR.")
            })?
        };
        let suffix = self.cloud()?.acr_login_server_suffix.as_deref();
        let (name, omitted) =
            RegistryName::parse(text, suffix).map_err(|e| UserError::new(e.to_string()))?;
        if let Some(omitted) = omitted {
            self.streams.warning(&format!(
                "Registry name is '{name}'. The following suffix '{omitted}' is automatically omitted."
            ));
        }
        Ok(name)
    }

    /// Ids of the command's arguments, in the order in which they were typed.
    pub fn typed(&self) -> Vec<&str> {
        let said = |id: &&clap::Id| {
            // Argument groups have no source of their own.
            self.matches.try_get_raw(id.as_str()).is_ok()
                && self.matches.value_source(id.as_str())
                    == Some(clap::parser::ValueSource::CommandLine)
        };
        let mut typed: Vec<(usize, &str)> = self
            .matches
            .ids()
            .filter(said)
            .filter_map(|id| Some((self.matches.index_of(id.as_str())?, id.as_str())))
            .collect();
        typed.sort_unstable();
        typed.into_iter().map(|(_, id)| id).collect()
    }

    /// Warns about arguments that `az` marks as preview, in the order in which they were typed.
    ///
    /// # Arguments
    /// * `preview` - ids and flags.
    pub fn warn_of_preview(&self, preview: &[(&str, &str)]) {
        for id in self.typed() {
            if let Some((_, flag)) = preview.iter().find(|known| known.0 == id) {
                self.streams.warning(&format!(
                    "Argument '{flag}' is in preview and under development. Reference and support levels: \
                     https://aka.ms/CLI_refstatus"
                ));
            }
        }
    }

    /// The resource group that is meant: `--resource-group`, else `[defaults] group`, else none.
    ///
    /// # Errors
    /// A damaged settings file.
    pub fn resource_group(&self, group: Option<&str>) -> Result<Option<String>> {
        match group {
            // An empty group is none, as in az.
            Some(group) => Ok(Some(group.to_owned()).filter(|group| !group.is_empty())),
            None => Ok(self.config.default_for("group")?),
        }
    }

    /// Does something with a registry of which perhaps only the name is known. Where it was last is tried first;
    /// otherwise ARM is asked for the name, by one request. `action` must change nothing before its first request
    /// has been answered: with a hint that no longer holds it is begun once more.
    ///
    /// # Errors
    /// No such registry, or what `action` says.
    pub async fn with_registry<T>(
        &self,
        name: &RegistryName,
        group: Option<&str>,
        action: impl AsyncFn(&ArmClient, RegistryPath<'_>) -> Result<T>,
    ) -> Result<T> {
        let arm = self.arm().await?;
        let subscription = &self.subscription().await?.id;
        let registry = name.as_str();
        if let Some(resource_group) = group {
            return action(arm, RegistryPath { subscription, resource_group, registry }).await;
        }
        let hints = Hints::new(self.env.xdg("XDG_CACHE_HOME", ".cache"));
        let endpoint = self.cloud()?.resource_manager.as_str();
        let key = Key { endpoint, subscription, registry };
        if let Some(group) = hints.get(key) {
            let path = RegistryPath { subscription, resource_group: &group, registry };
            match action(arm, path).await {
                // The registry has gone from there, or what is below it was never there: the search tells.
                Err(error) if is_not_found(&error) => hints.set(key, None),
                result => return result,
            }
        }
        let group = self.find_group(arm, name).await?;
        let path = RegistryPath { subscription, resource_group: &group, registry };
        let value = action(arm, path).await?;
        hints.set(key, Some(&group));
        Ok(value)
    }

    /// Waits for a long-running operation, with a spinner on a terminal. Ctrl-C ends the waiting alone.
    ///
    /// # Arguments
    /// * `doing` - what is done, e.g. `Updating contoso`.
    /// * `look` - the command that shows how far it is.
    ///
    /// # Errors
    /// ARM's error when the operation failed, or that the waiting was ended.
    pub async fn wait<T: serde::de::DeserializeOwned>(
        &self,
        state: OperationState<'_, T>,
        doing: &str,
        look: &str,
    ) -> Result<T> {
        let operation = match state {
            OperationState::Done(value) => return Ok(value),
            running @ OperationState::Running(_) => running,
        };
        let _spinner = self.streams.spinner(doing);
        tokio::select! {
            result = operation.wait() => Ok(result?),
            _ = tokio::signal::ctrl_c() => {
                let hint = format!("It goes on in Azure. To look: {look}");
                Err(UserError::new("Long-running operation wait cancelled.").hint(hint).into())
            }
        }
    }

    async fn find_group(&self, arm: &ArmClient, name: &RegistryName) -> Result<String> {
        const KIND: &str = "Microsoft.ContainerRegistry/registries";
        let subscription = self.subscription().await?;
        let found = arm.find_registries(&subscription.id, name.as_str()).await?;
        match found.as_slice() {
            [] => {
                let place = match &subscription.name {
                    Some(known) => format!("subscription '{known} ({})'", subscription.id),
                    None => "the current subscription".to_owned(),
                };
                Err(UserError::new(format!(
                    "The resource with name '{name}' and type '{KIND}' could not be found in {place}."
                ))
                .into())
            }
            [one] => {
                let id = crate::arm::ResourceId::parse(&one.id);
                let id = id.with_context(|| {
                    format!("ARM gave a resource id without a group: {}", one.id)
                })?;
                // In lower case, as az asks: ARM's errors repeat the spelling.
                Ok(id.resource_group.to_lowercase())
            }
            _ => Err(UserError::new(format!(
                "More than one resources with type '{KIND}' are found with name '{name}'."
            ))
            .hint("Choose one by --resource-group.")
            .into()),
        }
    }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ArmError>().and_then(ArmError::status) == Some(404)
}

fn from_profile(subscription: &ProfileSubscription) -> ChosenSubscription {
    ChosenSubscription {
        id: subscription.id.clone(),
        name: Some(subscription.name.clone()),
        profile: Some(subscription.clone()),
    }
}
