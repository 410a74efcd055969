//! Enumerations that the service may extend. An unknown value is kept and shown; it is never an error.

use serde::{Deserialize, Serialize};

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that this version does not know, as the service sent it.
            UnknownValue(String),
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::UnknownValue(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => $text.to_owned(),)+
                    $name::UnknownValue(text) => text,
                }
            }
        }
    };
}

open_enum! {
    /// The SKU of a registry.
    SkuName {
        /// Unmanaged registries on the user's own storage account (retired).
        Classic = "Classic",
        /// The smallest SKU.
        Basic = "Basic",
        /// The usual SKU.
        Standard = "Standard",
        /// The SKU with data endpoints, replicas, network rules and private link.
        Premium = "Premium",
    }
}

impl SkuName {
    /// Whether this is a known SKU without data endpoints, replicas, network rules and private link.
    pub fn is_below_premium(&self) -> bool {
        matches!(self, Self::Classic | Self::Basic | Self::Standard)
    }
}

open_enum! {
    /// A feature that is `Enabled` or `Disabled`.
    EnabledState {
        /// On.
        Enabled = "Enabled",
        /// Off.
        Disabled = "Disabled",
    }
}

open_enum! {
    /// What the service is doing with a resource.
    ProvisioningState {
        /// Being created.
        Creating = "Creating",
        /// Being changed.
        Updating = "Updating",
        /// Being deleted.
        Deleting = "Deleting",
        /// Done.
        Succeeded = "Succeeded",
        /// Ended with an error.
        Failed = "Failed",
        /// Canceled on request.
        Canceled = "Canceled",
    }
}
