//! Where to look: the current subscription, named ones, all of them, or those below a management group.

use super::FleetArgs;
use crate::arm::GraphScope;
use crate::session::Session;
use anyhow::Result;

/// A subscription's GUID, and its name if it is known.
type Named = (String, Option<String>);

/// Where to look.
pub(super) enum Scope {
    /// One subscription. If it cannot be read, Resource Graph says so.
    One(Named),
    /// Several subscriptions.
    Some(Vec<Named>),
    /// All subscriptions.
    All,
    /// The subscriptions below a management group.
    Below(String),
}

/// The scope that the user chose.
pub(super) async fn of_args(args: &FleetArgs, session: &Session) -> Result<Scope> {
    if args.all_subscriptions {
        return Ok(Scope::All);
    }
    if let Some(group) = &args.management_group {
        return Ok(Scope::Below(group.clone()));
    }
    if args.subscriptions.is_empty() {
        let subscription = session.subscription().await?;
        return Ok(Scope::One((subscription.id.clone(), subscription.name.clone())));
    }
    let mut named: Vec<Named> = Vec::new();
    for name_or_id in &args.subscriptions {
        let subscription = session.find_subscription(name_or_id).await?;
        if !named.iter().any(|(id, _)| id.eq_ignore_ascii_case(&subscription.id)) {
            named.push((subscription.id, subscription.name));
        }
    }
    Ok(Scope::Some(named))
}

impl Scope {
    /// The scope of queries.
    pub(super) fn graph(&self) -> GraphScope {
        match self {
            Self::One((id, _)) => GraphScope::Subscriptions(vec![id.clone()]),
            Self::Some(named) => {
                GraphScope::Subscriptions(named.iter().map(|(id, _)| id.clone()).collect())
            }
            Self::All => GraphScope::Everything,
            Self::Below(group) => GraphScope::ManagementGroup(group.clone()),
        }
    }

    /// Whether Resource Graph may leave out subscriptions without a word.
    pub(super) fn must_ask_what_is_covered(&self) -> bool {
        !matches!(self, Self::One(_))
    }

    /// The subscriptions that should be read, by Azure Resource Manager's account.
    pub(super) async fn expected(&self, session: &Session) -> Result<Vec<Named>> {
        Ok(match self {
            Self::One(named) => vec![named.clone()],
            Self::Some(named) => named.clone(),
            Self::All => {
                let visible = session.visible_subscriptions().await?.iter();
                visible.map(|s| (s.subscription_id.clone(), Some(s.display_name.clone()))).collect()
            }
            Self::Below(group) => {
                let below = session.tenant_arm().await?.list_subscriptions_below(group).await?;
                below.into_iter().map(|(id, name)| (id, Some(name))).collect()
            }
        })
    }
}
