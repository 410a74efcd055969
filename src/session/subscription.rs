//! Which subscription a command works in.

use super::Session;
use crate::azure::AzureError;
use crate::azure::profile::ProfileSubscription;
use crate::emulator::DEFAULT_SUBSCRIPTION;
use crate::message::Code;
use anyhow::{Context as _, Result};

/// The subscription to work in.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The GUID.
    pub id: String,
    /// The display name, if it is known.
    pub name: Option<String>,
    profile: Option<ProfileSubscription>,
}

impl Subscription {
    fn from_profile(subscription: &ProfileSubscription) -> Self {
        Self {
            id: subscription.id.clone(),
            name: Some(subscription.name.clone()),
            profile: Some(subscription.clone()),
        }
    }

    fn from_arm(subscription: crate::arm::Subscription) -> Self {
        let (id, name) = (subscription.subscription_id, Some(subscription.display_name));
        Self { id, name, profile: None }
    }

    fn from_id(id: String) -> Self {
        Self { id, name: None, profile: None }
    }

    /// The entry in `az`'s profile, if the subscription came from there.
    pub fn profile(&self) -> Option<&ProfileSubscription> {
        self.profile.as_ref()
    }
}

impl Session {
    /// The subscription. Depends on `--subscription`, `az`'s profile, `AZURE_SUBSCRIPTION_ID`, and on ARM if none of
    /// them names one.
    ///
    /// # Errors
    /// The subscription does not exist, or there are several and none was chosen.
    pub async fn subscription(&self) -> Result<&Subscription> {
        if self.subscription.get().is_none() {
            let chosen = match self.globals.subscription.as_deref() {
                // As in az, an empty name means no name; the warning has already been written.
                None | Some("") => self.default_subscription().await?,
                Some(name_or_id) => self.find_subscription(name_or_id).await?,
            };
            self.streams.info(&format!("subscription {}", chosen.id));
            let _ = self.subscription.set(chosen);
        }
        self.subscription.get().context("the subscription was just set")
    }

    /// Warns if `--subscription` is not a subscription of the login, as `az` does before anything else.
    ///
    /// # Errors
    /// A damaged profile.
    pub fn warn_of_unknown_subscription(&self) -> Result<()> {
        if let Some(name_or_id) = &self.globals.subscription {
            let profile = self.profile()?;
            if !profile.is_empty() && matches!(profile.find(name_or_id), Ok(None)) {
                self.streams
                    .warning(Code::Name, &format!("Subscription '{name_or_id}' not recognized."));
            }
        }
        Ok(())
    }

    /// The profile's subscription that the command works in, found without a request to ARM.
    pub(super) fn subscription_of_profile(&self) -> Result<Option<ProfileSubscription>> {
        if let Some(chosen) = self.subscription.get() {
            return Ok(chosen.profile.clone());
        }
        let profile = self.profile()?;
        Ok(match self.globals.subscription.as_deref() {
            Some(name_or_id) if !name_or_id.is_empty() => profile.find(name_or_id)?.cloned(),
            _ => profile.default_subscription().cloned(),
        })
    }

    /// The subscriptions that the login sees in Azure Resource Manager, requested once.
    ///
    /// # Errors
    /// ARM refuses the request.
    pub async fn visible_subscriptions(&self) -> Result<&[crate::arm::Subscription]> {
        if self.visible.get().is_none() {
            let visible = self.tenant_arm().await?.list_subscriptions().await?;
            let _ = self.visible.set(visible);
        }
        Ok(self.visible.get().context("the list was just set")?)
    }

    /// A subscription by name or ID.
    ///
    /// # Errors
    /// It does not exist, or several have the name.
    pub async fn find_subscription(&self, name_or_id: &str) -> Result<Subscription> {
        let profile = self.profile()?;
        if let Some(found) = profile.find(name_or_id)? {
            return Ok(Subscription::from_profile(found));
        }
        if !profile.is_empty() {
            return Err(AzureError::UnknownSubscription(name_or_id.to_owned()).into());
        }
        if azure_core::Uuid::parse_str(name_or_id).is_ok() && !self.cloud()?.is_emulator() {
            return Ok(Subscription::from_id(name_or_id.to_owned()));
        }
        let visible = self.visible_subscriptions().await?;
        let name_or_id_lower = name_or_id.to_lowercase();
        let mut matching = visible.iter().filter(|s| {
            s.subscription_id.to_lowercase() == name_or_id_lower
                || s.display_name.to_lowercase() == name_or_id_lower
        });
        match (matching.next(), matching.next()) {
            (Some(found), None) => Ok(Subscription::from_arm(found.clone())),
            (Some(_), Some(_)) => {
                Err(AzureError::AmbiguousSubscription(name_or_id.to_owned()).into())
            }
            (None, _) => Err(AzureError::UnknownSubscription(name_or_id.to_owned()).into()),
        }
    }

    async fn default_subscription(&self) -> Result<Subscription> {
        let (profile, cloud) = (self.profile()?, self.cloud()?);
        let of_cloud = match &cloud.default_subscription {
            Some(id) => profile.find(id)?,
            None => None,
        };
        if let Some(found) = profile.default_subscription().or(of_cloud) {
            return Ok(Subscription::from_profile(found));
        }
        if let Some(id) = self.env.var("AZURE_SUBSCRIPTION_ID").filter(|_| !cloud.is_emulator()) {
            return Ok(Subscription::from_id(id));
        }
        let visible = self.visible_subscriptions().await?;
        let is_default = |s: &&crate::arm::Subscription| {
            // With a fleet, the emulated cloud has many subscriptions, and one that comes first.
            cloud.is_emulator() && s.subscription_id == DEFAULT_SUBSCRIPTION
        };
        let only = if let [only] = visible { Some(only) } else { visible.iter().find(is_default) };
        if let Some(only) = only {
            return Ok(Subscription::from_arm(only.clone()));
        }
        let list: Vec<String> = visible
            .iter()
            .map(|s| format!("\n  {}  {}", s.subscription_id, s.display_name))
            .collect();
        let message = if list.is_empty() {
            "This login does not have access to any subscription.".to_owned()
        } else {
            format!(
                "This login has access to multiple subscriptions. Choose one with --subscription or AZURE_SUBSCRIPTION_ID:{}",
                list.concat()
            )
        };
        Err(AzureError::NoSubscription(message).into())
    }
}
