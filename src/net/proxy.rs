//! Proxies: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as Python's requests reads them, and `--proxy`.

use super::NetError;
use crate::env::Env;
use azure_core::http::Url;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy};

/// Variables that name a proxy. As in Python, lower case takes precedence.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// A proxy for https, and the hosts that bypass it.
struct ProxySetting {
    url: Url,
    no_proxy: Option<String>,
}

/// The proxy for each host.
///
/// # Arguments
/// * `option` - `--proxy`, in place of the variables; empty means no proxy. `NO_PROXY` always applies.
///
/// # Errors
/// [`NetError`] if the proxy is not the URL of an http or https proxy.
pub fn matcher(env: &Env, option: Option<&str>) -> Result<Option<Matcher>, NetError> {
    let setting = match option {
        Some("") => None,
        Some(text) => Some(parse(env, "--proxy", text)?),
        None => from_variables(env)?,
    };
    Ok(setting.map(|setting| {
        let no_proxy = setting.no_proxy.unwrap_or_default();
        Matcher::builder().https(setting.url.as_str()).no(no_proxy).build()
    }))
}

/// The proxy from the variables, for the HTTP client.
///
/// # Errors
/// [`NetError`] if a variable is not the URL of an http or https proxy.
pub(super) fn for_client(env: &Env) -> Result<Option<Proxy>, NetError> {
    let Some(ProxySetting { url, no_proxy }) = from_variables(env)? else { return Ok(None) };
    let proxy = Proxy::https(url).map_err(|e| NetError::Client(e.to_string()))?;
    Ok(Some(proxy.no_proxy(no_proxy.and_then(|list| NoProxy::from_string(&list)))))
}

fn from_variables(env: &Env) -> Result<Option<ProxySetting>, NetError> {
    let set = PROXY_VARIABLES.iter().find_map(|name| Some((*name, env.var(name)?)));
    set.map(|(name, value)| parse(env, name, &value)).transpose()
}

fn parse(env: &Env, name: &str, value: &str) -> Result<ProxySetting, NetError> {
    let invalid = || NetError::Setting {
        name: name.to_owned(),
        // The part before @ may contain a password.
        value: value.rsplit_once('@').map_or(value.to_owned(), |(_, host)| format!("…@{host}")),
        expected: "the URL of an http or https proxy, e.g. http://proxy.example:3128",
    };
    let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&text).map_err(|_| invalid())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid());
    }
    Ok(ProxySetting { url, no_proxy: env.var("no_proxy").or_else(|| env.var("NO_PROXY")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_proxies_are_errors_without_their_passwords() {
        for (value, shown) in [
            ("http://user:secret@", "…@"),
            ("socks5://proxy:1080", "socks5://proxy:1080"),
            ("http://pro xy:1", "http://pro xy:1"),
        ] {
            let env = Env::from_pairs([("HTTPS_PROXY", value)]);
            let error = for_client(&env).unwrap_err().to_string();
            assert!(error.starts_with(&format!("HTTPS_PROXY is set to '{shown}'")), "{error}");
        }
        let env = Env::from_pairs([("https_proxy", "proxy.example:3128")]);
        assert!(for_client(&env).unwrap().is_some());
        assert!(for_client(&Env::from_pairs([])).unwrap().is_none());
    }
}
