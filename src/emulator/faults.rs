//! Faults that the emulator plays on request, host by host.

use std::time::Duration;

/// How long a slow answer takes where no time is named.
const SLOW: Duration = Duration::from_secs(10);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers come late.
    Slow(Duration),
    /// Connections are reset when the client has said which host it wants.
    Reset,
    /// The certificate is for another name.
    WrongCertificate,
    /// The certificate is from another authority, as behind a proxy that opens TLS.
    UntrustedCertificate,
}

/// A fault of a host: `HOST=slow[:MILLISECONDS]`, `reset`, `wrong-certificate` or `untrusted-certificate`. `*` stands
/// for every host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    host: String,
    fault: Fault,
}

/// The text is no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST=slow[:MILLISECONDS], reset, wrong-certificate or untrusted-certificate")]
pub struct NoFault;

impl std::str::FromStr for FaultRule {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let (host, fault) = text.split_once('=').ok_or(NoFault)?;
        let fault = match fault.split_once(':').unwrap_or((fault, "")) {
            ("slow", "") => Fault::Slow(SLOW),
            ("slow", time) => {
                Fault::Slow(Duration::from_millis(time.parse().map_err(|_| NoFault)?))
            }
            ("reset", "") => Fault::Reset,
            ("wrong-certificate", "") => Fault::WrongCertificate,
            ("untrusted-certificate", "") => Fault::UntrustedCertificate,
            _ => return Err(NoFault),
        };
        Ok(Self { host: host.to_lowercase(), fault })
    }
}

/// The faults of a host.
pub fn of<'a>(rules: &'a [FaultRule], host: &'a str) -> impl Iterator<Item = Fault> + 'a {
    rules
        .iter()
        .filter(move |rule| rule.host == "*" || rule.host.eq_ignore_ascii_case(host))
        .map(|rule| rule.fault)
}
