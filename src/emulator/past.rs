//! What happened before the emulator was started: 30 days of pulls from `contoso` and `fabrikam`, made when somebody asks.
//!
//! The same day always has the same past. 20 clients of several kinds; some are refused, some fell silent.

use super::registries::{host_name, login_server, regions};
use super::world::{Event, Registry};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// The registries that have a past.
const REGISTRIES: [&str; 2] = ["contoso", "fabrikam"];
const DAYS: i64 = 30;

/// What a client does again and again.
struct Habit {
    client: &'static str,
    agent: &'static str,
    identity: &'static str,
    /// Which of the registry's regions answers.
    region: usize,
    repositories: &'static [&'static str],
    every_hours: i64,
    /// How many days before today it stopped.
    silent_days: i64,
    /// The HTTP status: refused requests are logins, except those with 404.
    status: u16,
    /// Whether it asks the regional endpoint, if there is one.
    regional: bool,
}

/// A client that pulls from the global endpoint until today.
const USUAL: Habit = Habit {
    client: "",
    agent: "containerd/1.7.22",
    identity: "",
    region: 0,
    repositories: &["shop/web"],
    every_hours: 24,
    silent_days: 0,
    status: 200,
    regional: false,
};

const AKS: &str = "5d1c0000-0000-4000-8000-00000000a450";
const DOCKER: &str = "docker/27.3.1 go/go1.22.7 kernel/6.8.0 os/linux arch/amd64 UpstreamClient(Docker-Client/27.3.1)";

const HABITS: [Habit; 20] = [
    Habit {
        client: "20.50.1.4",
        identity: AKS,
        repositories: &["shop/web", "shop/cart", "base/nginx"],
        every_hours: 1,
        ..USUAL
    },
    Habit {
        client: "20.50.1.4",
        agent: "kubelet/v1.30.4 (linux/amd64)",
        identity: AKS,
        every_hours: 12,
        ..USUAL
    },
    Habit { client: "20.50.1.5", identity: AKS, region: 1, every_hours: 2, ..USUAL },
    Habit {
        client: "10.1.0.4",
        identity: "build-vm",
        repositories: &["base/build"],
        every_hours: 6,
        ..USUAL
    },
    Habit { client: "10.1.0.5", agent: "skopeo/1.16.1", identity: "mirror", ..USUAL },
    Habit { client: "203.0.113.10", agent: DOCKER, identity: "release@contoso.example", ..USUAL },
    Habit {
        client: "203.0.113.10",
        agent: "Helm/3.16.2",
        repositories: &["charts/shop"],
        every_hours: 48,
        ..USUAL
    },
    Habit {
        client: "203.0.113.11",
        agent: "containers/5.32.0 (github.com/containers/image)",
        identity: "ops@contoso.example",
        every_hours: 12,
        ..USUAL
    },
    Habit {
        client: "198.51.100.20",
        agent: "containerd/1.6.8",
        every_hours: 3,
        silent_days: 10,
        ..USUAL
    },
    Habit { client: "198.51.100.21", agent: DOCKER, silent_days: 5, ..USUAL },
    Habit { client: "198.51.100.22", region: 1, every_hours: 1, silent_days: 2, ..USUAL },
    Habit {
        client: "198.51.100.23",
        agent: "oras/1.2.0",
        every_hours: 168,
        silent_days: 3,
        ..USUAL
    },
    Habit { client: "2001:db8:10::4", region: 1, every_hours: 8, ..USUAL },
    Habit { client: "40.76.10.1", agent: "ACR Tasks", repositories: &["base/build"], ..USUAL },
    Habit { client: "52.170.1.1", agent: "trivy/0.56.2", identity: "scanner", ..USUAL },
    Habit {
        client: "192.0.2.44",
        agent: DOCKER,
        identity: "former-team",
        every_hours: 12,
        status: 401,
        ..USUAL
    },
    Habit { client: "192.0.2.45", every_hours: 1, status: 403, ..USUAL },
    Habit { client: "192.0.2.46", agent: "curl/8.5.0", every_hours: 48, status: 401, ..USUAL },
    Habit { client: "203.0.113.12", agent: "buildkit/v0.16.0", identity: "ci", ..USUAL },
    Habit { client: "203.0.113.13", region: 1, every_hours: 4, regional: true, ..USUAL },
];

/// The past of a registry: nothing, unless it is one of the first world's that have one.
///
/// # Arguments
/// * `now` - the clock, whose day counts.
pub(super) fn events(registry: &Registry, now: &str) -> Vec<Event> {
    let known = REGISTRIES.iter().any(|name| registry.name.eq_ignore_ascii_case(name));
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let now = now.get(..19).and_then(|text| PrimitiveDateTime::parse(text, format).ok());
    let Some(now) = now.filter(|_| known) else { return Vec::new() };
    let today = now.assume_utc().replace_time(time::Time::MIDNIGHT);
    let regions = regions(registry);
    let mut events = Vec::new();
    for (number, habit) in HABITS.iter().enumerate() {
        let region = regions.get(habit.region % regions.len().max(1)).copied().unwrap_or_default();
        let regional = habit.regional && registry.settings.regional_endpoints == "Enabled";
        let server =
            if regional { host_name(registry, region, "geo") } else { login_server(registry) };
        let minute = i64::try_from(number).unwrap_or_default() * 3 % 60;
        let mut time = today - Duration::days(DAYS) + Duration::minutes(minute);
        let end = today - Duration::days(habit.silent_days);
        let mut turn = 0;
        while time < end {
            let repository = habit.repositories[turn % habit.repositories.len()];
            events.push(Event {
                time: text(time),
                registry: registry.name.clone(),
                login: habit.status != 200,
                client: habit.client.to_owned(),
                agent: habit.agent.to_owned(),
                identity: habit.identity.to_owned(),
                region: region.to_owned(),
                server: server.clone(),
                repository: repository.to_owned(),
                status: habit.status,
            });
            time += Duration::hours(habit.every_hours);
            turn += 1;
        }
    }
    events
}

/// A time as the logs write it.
pub(super) fn text(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    // A fixed format cannot fail if every date has its components.
    time.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_day_has_the_same_past() {
        let registry = Registry::new("rg", "contoso", "eastus", "Premium", "");
        let morning = events(&registry, "2026-11-30T06:00:00.0000000");
        assert_eq!(morning, events(&registry, "2026-11-30T23:00:00.0000000"));
        assert!(morning.len() > 1_000);
        let times = || morning.iter().map(|event| event.time.as_str());
        assert_eq!(times().min(), Some("2026-10-31T00:00:00Z"));
        assert!(times().all(|time| time < "2026-11-30T00:00:00Z"));
        let other = Registry::new("rg", "wingtip", "eastus", "Premium", "");
        assert_eq!(events(&other, "2026-11-30T06:00:00.0000000"), []);
    }
}
