//! The transport and the login for Azure: the emulator's, or the one that `azure::credential` chooses.

use super::Session;
use crate::azure::credential::{self, Inputs, RenewableCredential};
use crate::azure::profile::ProfileSubscription;
use crate::emulator::transport::{EmulatorCredential, EmulatorTransport};
use crate::net::client::Network;
use crate::net::request_log::RequestLog;
use anyhow::Result;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::Transport;
use std::sync::Arc;

impl Session {
    /// The transport and the credential. They depend on the cloud and, on a developer's machine, on the subscription.
    ///
    /// # Arguments
    /// * `resource` - the resource that the tokens are for.
    ///
    /// # Errors
    /// No user is logged in, or a variable or file is invalid.
    pub(super) async fn login(
        &self,
        subscription: Option<&ProfileSubscription>,
        resource: &str,
    ) -> Result<(Transport, Arc<dyn TokenCredential>)> {
        let cloud = self.cloud()?;
        if cloud.is_emulator() {
            let emulator = EmulatorTransport::new(self.emulator_store()?, self.env.clock());
            let _ = self.who.set("the emulator's user".to_owned());
            return Ok((Transport::new(Arc::new(emulator)), Arc::new(EmulatorCredential)));
        }
        let network = Network::https(
            &self.env,
            vec![credential::answers::policy(), crate::arm::retry_policy()],
            self.patient.get(),
        )?;
        let transport = network.transport();
        let streams = self.streams.clone();
        let inputs = Inputs {
            env: self.env.clone(),
            directory: self.config.directory().to_owned(),
            cloud: cloud.clone(),
            resource: resource.to_owned(),
            subscription: subscription.cloned(),
            network,
            log: RequestLog::new(move |line| streams.debug(line)),
        };
        let login = credential::choose(&inputs).await?;
        self.streams.info(&format!("credential: {}", login.name));
        let user = subscription.map(|of| of.user.name.as_str()).filter(|_| login.is_of_az());
        let user = user.map(str::to_owned).or_else(|| self.env.var("AZURE_CLIENT_ID"));
        let _ = self.who.set(match user {
            Some(user) => format!("{user} ({})", login.name),
            None => login.name.clone(),
        });
        Ok((transport, Arc::new(RenewableCredential::new(inputs, login))))
    }

    /// Who is logged in, for people; the client must have been created.
    pub fn who(&self) -> &str {
        self.who.get().map_or("an unknown login", String::as_str)
    }

    /// A token of the current login for registries, as `az` 2.91 requests it.
    ///
    /// The token is for the registries' own resource, which `[acr] audience_resource` may replace. This needs no
    /// request to ARM.
    ///
    /// # Errors
    /// No user is logged in, or Entra refuses the request.
    pub async fn registry_token(&self) -> Result<Secret> {
        let resource = match self.config.get("acr", "audience_resource") {
            Some(url) if url.starts_with("https://") => url,
            Some(name) => format!("https://{name}.azure.net"),
            None => "https://containerregistry.azure.net".to_owned(),
        };
        let subscription = self.subscription_of_profile()?;
        let (_, credential) = self.login(subscription.as_ref(), &resource).await?;
        let scope = format!("{resource}/.default");
        Ok(credential.get_token(&[&scope], None).await?.token)
    }
}
