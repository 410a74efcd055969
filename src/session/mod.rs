//! What commands work with: cloud, profile, subscription, login and ARM client, each created when first needed.

mod login;
mod subscription;

pub use subscription::Subscription;

use crate::arm::{ArmClient, ArmClientOptions, PolicyToken};
use crate::azure::cloud::Cloud;
use crate::azure::config::Config;
use crate::azure::profile::Profile;
use crate::domain::RegistryName;
use crate::emulator::fleet::Fleet;
use crate::emulator::store::Store;
use crate::env::Env;
use crate::error::UserError;
use crate::message::Code;
use crate::net::request_log::RequestLog;
use crate::net::{proxy, roots};
use crate::streams::Streams;
use anyhow::{Context as _, Result};
use azure_core::http::Url;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::client::danger::ServerCertVerifier;
use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::sync::Arc;

/// Global options that a session depends on.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    /// `--cloud`.
    pub cloud: Option<String>,
    /// `--subscription`.
    pub subscription: Option<String>,
    /// `--output` or `--query`, if one is on the command line.
    pub output: Option<&'static str>,
}

/// The session of one command.
pub struct Session {
    /// Variables and clock.
    pub env: Env,
    /// The three standard streams.
    pub streams: Streams,
    /// `az`'s settings.
    pub config: Config,
    globals: Globals,
    policy_token: OnceCell<PolicyToken>,
    patient: Cell<bool>,
    handles_signals: Cell<bool>,
    cloud: OnceCell<Cloud>,
    profile: OnceCell<Profile>,
    subscription: OnceCell<Subscription>,
    who: OnceCell<String>,
    visible: OnceCell<Vec<crate::arm::Subscription>>,
    arm: OnceCell<ArmClient>,
}

impl Session {
    /// A session in which nothing has been created yet.
    pub fn new(env: Env, streams: Streams, config: Config, globals: Globals) -> Self {
        Self {
            env,
            streams,
            config,
            globals,
            policy_token: OnceCell::new(),
            patient: Cell::new(false),
            handles_signals: Cell::new(false),
            cloud: OnceCell::new(),
            profile: OnceCell::new(),
            subscription: OnceCell::new(),
            who: OnceCell::new(),
            visible: OnceCell::new(),
            arm: OnceCell::new(),
        }
    }

    /// `--output` or `--query`, if one is on the command line: commands that write text cannot use it.
    ///
    /// A default from `az configure` or `AZURE_CORE_OUTPUT` does not count.
    pub fn output_option(&self) -> Option<&'static str> {
        self.globals.output
    }

    /// Asks Azure Policy for a token before each change in this session. Must be called before the first request.
    pub fn use_policy_token(&self, token: Option<PolicyToken>) {
        if let Some(token) = token {
            let _ = self.policy_token.set(token);
        }
    }

    /// Leaves Ctrl-C and the like to the command, during changes as well.
    pub fn handle_signals(&self) {
        self.handles_signals.set(true);
    }

    /// Whether the command itself handles Ctrl-C and the like.
    pub fn handles_signals(&self) -> bool {
        self.handles_signals.get()
    }

    /// Waits for answers as long as queries over logs may take. Must be called before the first request.
    pub fn be_patient(&self) {
        self.patient.set(true);
    }

    /// The cloud. Depends on `--cloud`, the settings and `clouds.config`.
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
            // A login for the real cloud has no subscriptions in the emulated one.
            let profile = if cloud.is_emulator() {
                Profile::default()
            } else {
                Profile::load(self.config.directory(), &cloud.name)?
            };
            let _ = self.profile.set(profile);
        }
        self.profile.get().context("the profile was just set")
    }

    /// The ARM client. Depends on the cloud, the login and, for the login, the subscription.
    ///
    /// # Errors
    /// No user is logged in, or a variable or file is invalid.
    pub async fn arm(&self) -> Result<&ArmClient> {
        if self.arm.get().is_none() {
            let profile = self.subscription().await?.profile().cloned();
            // Choosing the subscription may already have created the client.
            if self.arm.get().is_none() {
                let _ = self.arm.set(self.new_arm_client(profile.as_ref()).await?);
            }
        }
        self.arm.get().context("the client was just set")
    }

    /// The ARM client for requests that are not about one subscription. Depends on the cloud and the login.
    ///
    /// # Errors
    /// As [`Session::arm`].
    pub async fn tenant_arm(&self) -> Result<&ArmClient> {
        if self.arm.get().is_none() {
            let profile = self.subscription_of_profile()?;
            let client = self.new_arm_client(profile.as_ref()).await?;
            if self.arm.get().is_none() {
                let _ = self.arm.set(client);
            }
        }
        self.arm.get().context("the client was just set")
    }

    async fn new_arm_client(
        &self,
        subscription: Option<&crate::azure::profile::ProfileSubscription>,
    ) -> Result<ArmClient> {
        let cloud = self.cloud()?;
        let (transport, credential) =
            self.login(subscription, &cloud.active_directory_resource_id).await?;
        let (streams, notices) = (self.streams.clone(), self.streams.clone());
        let options = ArmClientOptions {
            transport: Some(transport),
            log: Some(RequestLog::new(move |line| streams.debug(line))),
            policy_token: self.policy_token.get().cloned(),
            notices: Some(RequestLog::new(move |line| notices.info(line))),
            in_process: cloud.is_emulator(),
        };
        let endpoint = Url::parse(&cloud.resource_manager)
            .with_context(|| format!("the cloud '{}' has no valid ARM endpoint", cloud.name))?;
        Ok(ArmClient::new(endpoint, credential, &cloud.scope(), options)?)
    }

    /// A verifier that trusts the root certificates that clients on this machine trust.
    ///
    /// # Errors
    /// A variable for root certificates is invalid.
    pub fn local_verifier(&self) -> Result<Arc<dyn ServerCertVerifier>> {
        Ok(roots::local_verifier(&self.env)?)
    }

    /// The proxy for each host.
    ///
    /// # Arguments
    /// * `option` - `--proxy`, in place of the variables.
    ///
    /// # Errors
    /// The proxy is invalid.
    pub fn proxies(&self, option: Option<&str>) -> Result<Option<Matcher>> {
        Ok(proxy::matcher(&self.env, option)?)
    }

    /// The emulator's state file: `AZ_ACR_EMULATOR_STATE`, otherwise below `XDG_STATE_HOME`. `AZ_ACR_EMULATOR_FLEET`
    /// is the number of registries beside those of the file.
    ///
    /// # Errors
    /// There is no home directory, or the number is invalid.
    pub fn emulator_store(&self) -> Result<Store> {
        let path = match self.env.path("AZ_ACR_EMULATOR_STATE") {
            Some(path) => path,
            None => self.emulator_directory()?.join("emulator.json"),
        };
        let size = match self.env.var("AZ_ACR_EMULATOR_FLEET") {
            Some(text) => {
                text.parse().ok().filter(|size| *size <= Fleet::MAX_SIZE).ok_or_else(|| {
                    let message =
                        format!("AZ_ACR_EMULATOR_FLEET: '{text}' is not a number of registries.");
                    UserError::usage(message)
                        .hint(format!("Use a number up to {}.", Fleet::MAX_SIZE))
                })?
            }
            None => 0,
        };
        Ok(Store::new(path).with_fleet(Fleet::new(size)))
    }

    /// The directory for the emulator's files, below `XDG_STATE_HOME`.
    ///
    /// # Errors
    /// There is no home directory.
    pub fn emulator_directory(&self) -> Result<PathBuf> {
        let state = self.env.xdg("XDG_STATE_HOME", ".local/state");
        let state =
            state.context("cannot find the home directory: set HOME or AZ_ACR_EMULATOR_STATE")?;
        Ok(state.join("az-acr"))
    }

    /// The registry to work on: `--name`, otherwise `[defaults] acr`.
    ///
    /// # Errors
    /// There is no name, or it is not a registry name.
    pub fn registry_name(&self, name: Option<&str>) -> Result<RegistryName> {
        self.registry_name_of(name, "--name/-n")
    }

    /// Like [`Session::registry_name`], for commands on which the option has another name.
    ///
    /// # Errors
    /// As [`Session::registry_name`].
    pub fn registry_name_of(&self, name: Option<&str>, option: &str) -> Result<RegistryName> {
        let default;
        let text = if let Some(name) = name {
            name
        } else {
            default = self.config.default_for("acr")?;
            default.as_deref().ok_or_else(|| {
                UserError::usage(format!("the following arguments are required: {option}"))
                    .hint("To set a default: az configure --defaults acr=NAME, or AZURE_DEFAULTS_ACR=NAME.")
            })?
        };
        let suffix = self.cloud()?.acr_login_server_suffix.as_deref();
        let (name, omitted) = RegistryName::parse(text, suffix)?;
        if let Some(omitted) = omitted {
            self.streams.warning(Code::Name, &format!(
                "Registry name is '{name}'. The following suffix '{omitted}' is automatically omitted."
            ));
        }
        Ok(name)
    }

    /// The resource group to work in: `--resource-group`, otherwise `[defaults] group`, otherwise none.
    ///
    /// # Errors
    /// A damaged settings file, or a group that would change the path of a URL.
    pub fn resource_group(&self, group: Option<&str>) -> Result<Option<String>> {
        let group = match group {
            // As in az, an empty group means no group.
            Some(group) => Some(group.to_owned()).filter(|group| !group.is_empty()),
            None => self.config.default_for("group")?,
        };
        if let Some(group) = group.as_deref().filter(|group| group.contains('/')) {
            let message = format!("'{group}' is not a resource group: a name has no '/'.");
            return Err(UserError::usage(message).into());
        }
        Ok(group)
    }
}
