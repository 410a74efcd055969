//! The clouds: four built-in ones, and those that `az cloud register` wrote to `clouds.config`.

use super::AzureError;
use super::config::{Config, read_ini};
use azure_core::http::Url;
use std::collections::HashMap;

/// The name of the cloud that this program emulates.
pub const EMULATOR: &str = "emulator";

/// A cloud: the URLs of ARM and Entra, and the suffixes of host names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The name, e.g. `AzureCloud`.
    pub name: String,
    /// ARM's URL.
    pub resource_manager: String,
    /// Entra's URL, without a path.
    pub active_directory: String,
    /// The resource that ARM's tokens are for.
    pub active_directory_resource_id: String,
    /// The suffix of login servers, with the leading dot: `.azurecr.io`. Some custom clouds have none.
    pub acr_login_server_suffix: Option<String>,
    /// The suffix of storage hosts: `core.windows.net`.
    pub storage_suffix: Option<String>,
    /// The default subscription in this cloud, if the file names one.
    pub default_subscription: Option<String>,
}

/// `name`, ARM, Entra, token resource, login server suffix, storage suffix: `az` 2.91's list.
const BUILT_IN: [[&str; 6]; 4] = [
    [
        "AzureCloud",
        "https://management.azure.com/",
        "https://login.microsoftonline.com",
        "https://management.core.windows.net/",
        ".azurecr.io",
        "core.windows.net",
    ],
    [
        "AzureChinaCloud",
        "https://management.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn/",
        ".azurecr.cn",
        "core.chinacloudapi.cn",
    ],
    [
        "AzureUSGovernment",
        "https://management.usgovcloudapi.net/",
        "https://login.microsoftonline.us",
        "https://management.core.usgovcloudapi.net/",
        ".azurecr.us",
        "core.usgovcloudapi.net",
    ],
    [
        "AzureBleuCloud",
        "https://management.sovcloud-api.fr",
        "https://login.sovcloud-identity.fr",
        "https://management.sovcloud-api.fr/",
        ".azurecr.sovcloud-azure.fr",
        "core.sovcloud-api.fr",
    ],
];

impl Cloud {
    /// Loads a cloud: the emulator, a built-in cloud with the changes in `clouds.config`, or a cloud from that file.
    ///
    /// # Errors
    /// [`AzureError::UnknownCloud`]; others if the file is unreadable or damaged, or lacks what a cloud needs.
    pub fn load(config: &Config, name: &str) -> Result<Self, AzureError> {
        if name == EMULATOR {
            return Ok(Self::emulator());
        }
        let path = config.directory().join("clouds.config");
        let mut sections = read_ini(&path)?;
        let built_in = BUILT_IN.iter().find(|cloud| cloud[0] == name);
        let section = match (sections.remove(name), built_in) {
            (Some(section), _) => section,
            (None, Some(_)) => HashMap::new(),
            (None, None) => {
                let known = Self::names(config)?.join(", ");
                return Err(AzureError::UnknownCloud { name: name.to_owned(), known });
            }
        };
        let option = |option: &str, index: usize| {
            let own = section.get(option).cloned().filter(|value| !value.is_empty());
            own.or_else(|| built_in.map(|cloud| cloud[index].to_owned()))
        };
        let required = |name_of_option: &str, index| {
            option(name_of_option, index).ok_or_else(|| AzureError::Damaged {
                path: path.clone(),
                detail: format!("the cloud '{name}' has no {name_of_option}"),
                remedy: "Run 'az cloud update' to set it",
            })
        };
        let url = |name_of_option: &str, index| {
            let value: String = required(name_of_option, index)?;
            match Url::parse(&value) {
                Ok(url) if url.scheme() == "https" && url.host_str().is_some() => Ok(value),
                _ => Err(AzureError::Setting {
                    name: format!("{name_of_option} of the cloud '{name}'"),
                    value,
                    expected: "an https URL".to_owned(),
                }),
            }
        };
        let resource_manager = url("endpoint_resource_manager", 1)?;
        Ok(Self {
            name: name.to_owned(),
            active_directory: url("endpoint_active_directory", 2)?,
            // If it is not set, az uses `management`. If that is not set either, az uses ARM's URL.
            active_directory_resource_id: option("endpoint_active_directory_resource_id", 3)
                .or_else(|| option("endpoint_management", 3))
                .unwrap_or_else(|| resource_manager.clone()),
            resource_manager,
            acr_login_server_suffix: option("suffix_acr_login_server_endpoint", 4),
            storage_suffix: option("suffix_storage_endpoint", 5),
            default_subscription: section.get("subscription").cloned(),
        })
    }

    /// The names of all clouds, sorted.
    ///
    /// # Errors
    /// `clouds.config` is unreadable or damaged.
    pub fn names(config: &Config) -> Result<Vec<String>, AzureError> {
        let sections = read_ini(&config.directory().join("clouds.config"))?;
        let built_in = BUILT_IN.iter().map(|cloud| cloud[0]).chain([EMULATOR]).map(str::to_owned);
        let mut names: Vec<String> = sections.into_keys().chain(built_in).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The name of the cloud to use: the flag, otherwise the choice of `az cloud set`, otherwise the public cloud.
    pub fn chosen(config: &Config, flag: Option<&str>) -> String {
        flag.map(str::to_owned)
            .or_else(|| config.get("cloud", "name"))
            .unwrap_or_else(|| BUILT_IN[0][0].to_owned())
    }

    /// The emulated cloud. Its hosts are named as in the public cloud.
    fn emulator() -> Self {
        let [_, _, _, _, acr, storage] = BUILT_IN[0];
        let endpoint = "https://management.emulator.invalid";
        Self {
            name: EMULATOR.to_owned(),
            resource_manager: endpoint.to_owned(),
            active_directory: endpoint.to_owned(),
            active_directory_resource_id: endpoint.to_owned(),
            acr_login_server_suffix: Some(acr.to_owned()),
            storage_suffix: Some(storage.to_owned()),
            default_subscription: None,
        }
    }

    /// Whether this is the emulated cloud.
    pub fn is_emulator(&self) -> bool {
        self.name == EMULATOR
    }

    /// The scope of ARM's tokens. The resource keeps its trailing slash: `az` requests `…windows.net//.default`.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.active_directory_resource_id)
    }
}
