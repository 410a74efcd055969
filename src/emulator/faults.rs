//! Faults that the emulator simulates on request, separately for each host.

use std::time::Duration;

/// The delay of a slow response if the rule names no time.
const SLOW: Duration = Duration::from_secs(10);

/// The place of faults in queries over logs.
pub(super) const LOGS: &str = "logs";

/// A simulated fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Responses are delayed.
    Slow(Duration),
    /// Connections are reset after the client has named the host.
    Reset,
    /// The certificate is for another name.
    WrongCertificate,
    /// The certificate is from another authority, as behind a proxy that intercepts TLS.
    UntrustedCertificate,
    /// Answers about logs are partial.
    LogsPartial,
    /// Nothing has ever been logged.
    LogsEmpty,
    /// The login may not read the tables.
    LogsDenied,
    /// There are too many queries over logs.
    LogsThrottled,
}

/// A fault of a host.
///
/// As text: `HOST=slow[:MILLISECONDS]`, `reset`, `wrong-certificate` or `untrusted-certificate`. `*` stands for every
/// host. `logs=partial`, `empty`, `denied` and `throttled` are about queries over logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    host: String,
    fault: Fault,
}

/// The text is not a valid fault rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected HOST=slow[:MILLISECONDS], reset, wrong-certificate or untrusted-certificate, or logs=partial, empty, \
     denied or throttled"
)]
pub struct NoFault;

impl std::str::FromStr for FaultRule {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let (host, fault) = text.split_once('=').ok_or(NoFault)?;
        let fault = match fault.split_once(':').unwrap_or((fault, "")) {
            ("partial", "") if host == LOGS => Fault::LogsPartial,
            ("empty", "") if host == LOGS => Fault::LogsEmpty,
            ("denied", "") if host == LOGS => Fault::LogsDenied,
            ("throttled", "") if host == LOGS => Fault::LogsThrottled,
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

/// Returns the faults of a host.
pub fn of<'a>(rules: &'a [FaultRule], host: &'a str) -> impl Iterator<Item = Fault> + 'a {
    rules
        .iter()
        .filter(move |rule| rule.host == "*" || rule.host.eq_ignore_ascii_case(host))
        .map(|rule| rule.fault)
}
