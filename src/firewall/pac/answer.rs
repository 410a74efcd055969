//! What a proxy auto-config file answers: `DIRECT`, `PROXY host:port`, `SOCKS host:port`, separated by semicolons.

/// Where a host goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Without a proxy.
    Direct,
    /// Through a proxy first.
    Proxy {
        /// The proxies, in order.
        proxies: String,
        /// Whether the first one is on the client itself.
        is_local: bool,
        /// Whether the host goes without a proxy when they are down.
        or_direct: bool,
    },
}

impl Way {
    /// Reads an answer. Nothing means direct, as browsers read it.
    ///
    /// # Errors
    /// An answer that browsers read differently.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<Vec<String>> = text
            .split(';')
            .map(|part| part.split_whitespace().map(str::to_ascii_uppercase).collect())
            .filter(|words: &Vec<String>| !words.is_empty())
            .collect();
        let is_direct = |words: &Vec<String>| words.as_slice() == ["DIRECT"];
        let Some(first) = parts.first() else { return Ok(Self::Direct) };
        if is_direct(first) {
            return Ok(Self::Direct);
        }
        let is_proxy = |words: &Vec<String>| {
            let kinds = ["PROXY", "HTTP", "HTTPS", "SOCKS", "SOCKS4", "SOCKS5", "QUIC"];
            words.len() == 2 && kinds.contains(&words[0].as_str())
        };
        if let Some(odd) = parts.iter().find(|part| !is_direct(part) && !is_proxy(part)) {
            return Err(format!("the answer '{}' is read differently by browsers", odd.join(" ")));
        }
        let address = first[1].as_str();
        let is_local = ["LOCALHOST", "127.", "[::1]", "0.0.0.0"]
            .iter()
            .any(|start| address.starts_with(start));
        let or_direct = parts.iter().any(is_direct);
        let proxies = parts.iter().filter(|part| is_proxy(part)).map(|part| part.join(" "));
        Ok(Self::Proxy { proxies: proxies.collect::<Vec<_>>().join("; "), is_local, or_direct })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_counts() {
        assert_eq!(Way::parse("DIRECT; PROXY p:1"), Ok(Way::Direct));
        assert_eq!(Way::parse(""), Ok(Way::Direct));
        let Ok(Way::Proxy { proxies, is_local, or_direct }) =
            Way::parse("proxy 127.0.0.1:9;direct")
        else {
            panic!("a proxy")
        };
        assert_eq!((proxies.as_str(), is_local, or_direct), ("PROXY 127.0.0.1:9", true, true));
        assert!(Way::parse("NOWHERE").is_err());
    }
}
