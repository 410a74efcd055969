//! `check-endpoints` in networks that are really broken. Each test creates its own namespaces, in which an emulated
//! registry, a resolver, packet filters and proxies run. Everything ends with the test.
//!
//! In the namespaces, contoso.azurecr.io is 192.0.2.1, its data endpoint in eastus is 192.0.2.2, and a storage account
//! is 192.0.2.3.

use crate::home::{Home, binary};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// The start of every script: addresses, helpers, and the configuration of the resolver.
const PREAMBLE: &str = r#"
set -euo pipefail
cd "$HOME"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
ip link set lo up
for address in 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.53 192.0.2.66 10.1.2.3; do ip address add $address/32 dev lo; done
for address in 2001:db8::1 2001:db8::2; do ip -6 address add $address/128 dev lo nodad; done
echo 'nameserver 192.0.2.53' > resolv.conf
mount --bind resolv.conf /etc/resolv.conf
echo '127.0.0.1 localhost' > hosts
mount --bind hosts /etc/hosts
mount -t tmpfs none /dev/shm # where squid keeps segments under names that all squids share
mkfifo ready
listening() { # waits until the last process in the background listens there; fails when it has ended
    until (exec 3<> /dev/tcp/$1) 2>/dev/null; do kill -0 $!; sleep 0.02; done
}
registry() { # serves the registries on port 443 of all addresses; more arguments go to the emulator
    "$AZ_ACR" emulator start --data-plane --address :: --port 443 --cert-dir . "$@" > ready &
    read -r _ < ready
    export SSL_CERT_FILE=$HOME/ca.pem
}
names() { # a resolver that knows these records, and says NXDOMAIN for what else there is in these domains
    dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --listen-address=192.0.2.53 --bind-interfaces --pid-file= \
        --user=root --local=/azurecr.io/ --local=/windows.net/ "$@"
}
usual_names() {
    names --host-record=contoso.azurecr.io,192.0.2.1 --host-record=contoso.eastus.data.azurecr.io,192.0.2.2 \
        --host-record=azcliprod.blob.core.windows.net,192.0.2.3 --host-record=eastusmanaged1.blob.core.windows.net,192.0.2.3
}
filter() { # packets to this machine that do not arrive
    nft add table inet test
    nft add chain inet test input '{ type filter hook input priority 0; policy accept; }'
    nft add rule inet test input "$@"
}
proxy() { # squid with rules from standard input, on port 3128
    { cat; echo 'http_port 127.0.0.1:3128
dns_nameservers 192.0.2.53
visible_hostname proxy
pid_filename none
access_log none
cache_log /dev/null
netdb_filename none
shutdown_lifetime 0 seconds
pinger_enable off'; } > squid.conf
    squid -N -f squid.conf &
    listening 127.0.0.1/3128
    export HTTPS_PROXY=http://127.0.0.1:3128
}
"#;

/// Runs a script in its own namespaces, with `az-acr` as `$AZ_ACR` and dedicated data endpoints enabled. Reports why if
/// this machine cannot do that.
fn in_namespace(home: &Home, needed: &[&str], script: &str) -> Option<(i32, String, String)> {
    let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(Path::new);
    let missing = |program: &&&str| !directories.iter().any(|dir| dir.join(program).is_file());
    let always = ["unshare", "ip", "nft", "dnsmasq", "bash"];
    if let Some(program) = always.iter().chain(needed).find(missing) {
        return skipped(&format!("{program} is not installed"));
    }
    let unshare = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        let flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
        unshare.args(flags).args(command);
        unshare.env_clear().env("HOME", home.path("")).env("AZ_ACR", binary());
        unshare
    };
    if !unshare(&["true"]).output().is_ok_and(|output| output.status.success()) {
        return skipped("cannot create network namespaces (not root)");
    }
    home.switch();
    home.write("script.sh", &format!("{PREAMBLE}\n{script}\n"));
    let script = home.path("script.sh");
    let output = unshare(&["bash", script.to_str().unwrap()]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((output.status.code().unwrap(), text(output.stdout), text(output.stderr)))
}

fn skipped<T>(why: &str) -> Option<T> {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    None
}

/// One line for each check: its kind, its family, and then `verdict step reason`.
fn verdicts(report: &Value) -> String {
    let mut lines = String::new();
    for check in report["checks"].as_array().unwrap() {
        let kind = check["kind"].as_str().unwrap();
        let family = check["family"].as_str().map(|family| format!(" {family}"));
        let word = |key: &str| check[key].as_str().map(|word| format!(" {word}"));
        let said: String =
            ["verdict", "step", "reason"].iter().filter_map(|key| word(key)).collect();
        writeln!(lines, "{kind}{}:{said}", family.unwrap_or_default()).unwrap();
    }
    lines
}

const CHECK: &str =
    r#""$AZ_ACR" check-endpoints --login-server contoso.azurecr.io --region eastus --timeout 2"#;

/// Runs a script that ends with a check. Returns its exit code and report.
fn check(needed: &[&str], script: &str) -> Option<(i32, Value)> {
    let (code, stdout, stderr) = in_namespace(&Home::new(), needed, script)?;
    let report = serde_json::from_str(&stdout);
    Some((code, report.unwrap_or_else(|_| panic!("{code}: {stdout}\n{stderr}"))))
}

#[test]
fn an_open_network_reaches_all() {
    let Some((code, report)) = check(&[], &format!("registry; usual_names; {CHECK}")) else {
        return;
    };
    assert_eq!((code, verdicts(&report).as_str()), (0, "login: reachable\ndata: reachable\n"));
    let data = &report["checks"][1];
    assert_eq!(data["addresses"][0], "192.0.2.2");
    for step in ["dns", "tcp", "tls", "http"] {
        assert!(data["timings"][step].is_f64(), "{data}");
    }
}

#[test]
fn packet_filters_are_told_apart() {
    for (rule, reason) in [
        ("ip daddr 192.0.2.2 tcp dport 443 drop", "timeout"),
        ("ip daddr 192.0.2.2 tcp dport 443 reject with tcp reset", "refused"),
        ("ip daddr 192.0.2.2 tcp dport 443 reject with icmp type admin-prohibited", "unreachable"),
    ] {
        let script = format!("registry; usual_names; filter {rule}; {CHECK}");
        let Some((code, report)) = check(&[], &script) else { return };
        let expected = format!("login: reachable\ndata: blocked tcp {reason}\n");
        assert_eq!((code, verdicts(&report)), (1, expected), "{rule}");
    }
}

#[test]
fn a_route_that_ends_is_unreachable() {
    let script = format!(
        "ip route add unreachable 198.51.100.0/24; registry
         names --host-record=contoso.azurecr.io,192.0.2.1 --host-record=contoso.eastus.data.azurecr.io,198.51.100.7
         {CHECK}"
    );
    let Some((code, report)) = check(&[], &script) else { return };
    let expected = "login: reachable\ndata: blocked tcp unreachable\n";
    assert_eq!((code, verdicts(&report).as_str()), (1, expected));
}

#[test]
fn resolvers_that_fail_are_told_apart() {
    let one = "registry; names --host-record=contoso.azurecr.io,192.0.2.1";
    for (setup, said) in [
        (one.to_owned(), "login: reachable\ndata: blocked dns nameNotFound\n"),
        (
            format!("{one} --address=/contoso.eastus.data.azurecr.io/0.0.0.0"),
            "login: reachable\ndata: blocked dns sinkholed\n",
        ),
        (
            format!("{one} --txt-record=contoso.eastus.data.azurecr.io,here"),
            "login: reachable\ndata: blocked dns noAddress\n",
        ),
        (
            "registry; usual_names; filter udp dport 53 drop".to_owned(),
            "login: blocked dns resolverTimeout\ndata: blocked dns resolverTimeout\n",
        ),
        (
            // Silent for IPv6 only: 28 is AAAA, after a header of 12 bytes and a name of 20.
            format!("{one}; filter udp dport 53 @th,320,16 28 drop"),
            "login: reachable\ndata: blocked dns nameNotFound\n",
        ),
        (
            // No resolver listens at the configured address.
            "registry".to_owned(),
            "login: blocked dns resolverTimeout\ndata: blocked dns resolverTimeout\n",
        ),
        (
            "registry; dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --listen-address=192.0.2.53 \
             --bind-interfaces --pid-file= --user=root"
                .to_owned(),
            "login: blocked dns resolverFailed\ndata: blocked dns resolverFailed\n",
        ),
    ] {
        let Some((_, report)) = check(&[], &format!("{setup}; {CHECK}")) else { return };
        assert_eq!(verdicts(&report), said, "{setup}");
    }
}

/// Redirects connections to the data endpoint to a proxy that intercepts TLS with its own certificate authority, and
/// forwards everything.
const INSPECTION: &str = r"
registry; usual_names
new_key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $new_key -days 2 -subj '/CN=Inspection CA' -keyout ca.key -out inspection.pem 2>openssl.log
openssl req $new_key -subj '/CN=Inspected' -keyout leaf.key -out leaf.csr 2>openssl.log
openssl x509 -req -in leaf.csr -CA inspection.pem -CAkey ca.key -days 2 -out leaf.pem 2>openssl.log \
    -extfile <(echo 'subjectAltName=DNS:contoso.eastus.data.azurecr.io')
socat OPENSSL-LISTEN:8443,reuseaddr,fork,cert=leaf.pem,key=leaf.key,verify=0 \
    OPENSSL:192.0.2.1:443,snihost=contoso.eastus.data.azurecr.io,verify=0 2>socat.log &
listening 192.0.2.66/8443
nft add table ip lead
nft add chain ip lead output '{ type nat hook output priority -100; }'
nft add rule ip lead output ip daddr 192.0.2.2 tcp dport 443 redirect to :8443
";

#[test]
fn tls_that_is_opened_on_the_way_is_named() {
    let needed = ["openssl", "socat"];
    let Some((code, report)) = check(&needed, &format!("{INSPECTION} {CHECK}")) else { return };
    let expected = "login: reachable\ndata: intercepted tls untrusted\n";
    assert_eq!((code, verdicts(&report).as_str()), (1, expected));
    let tls = &report["checks"][1]["tls"];
    assert_eq!((&tls["trust"], &tls["issuer"]), (&json!("untrusted"), &json!("CN=Inspection CA")));
    assert_eq!((&tls["nameMatches"], &tls["version"]), (&json!(true), &json!("TLS 1.3")));

    let trusting = format!("{INSPECTION} cat inspection.pem >> ca.pem; {CHECK}");
    let Some((code, report)) = check(&needed, &trusting) else { return };
    assert_eq!((code, verdicts(&report).as_str()), (0, "login: reachable\ndata: reachable\n"));
    let data = &report["checks"][1];
    assert_eq!(data["tls"]["trust"], "local");
    assert_eq!(
        data["detail"],
        "layers can be read: only this machine trusts the issuer CN=Inspection CA"
    );
}

#[test]
fn a_resolver_that_lies_is_found_out_by_the_certificate() {
    let elsewhere =
        "registry --fault contoso.eastus.data.azurecr.io=wrong-certificate; usual_names";
    let Some((code, report)) = check(&[], &format!("{elsewhere}; {CHECK}")) else { return };
    let expected = "login: reachable\ndata: intercepted tls nameMismatch\n";
    assert_eq!((code, verdicts(&report).as_str()), (1, expected));
    let detail = report["checks"][1]["detail"].as_str().unwrap();
    assert!(detail.contains("is for CN=wrong.example, not for contoso.eastus.data"), "{detail}");

    let reset = "registry --fault contoso.eastus.data.azurecr.io=reset; usual_names";
    let Some((_, report)) = check(&[], &format!("{reset}; {CHECK}")) else { return };
    assert_eq!(verdicts(&report), "login: reachable\ndata: blocked tls reset\n");
}

#[test]
fn ipv6_that_is_broken_is_shown_apart_and_ipv4_suffices() {
    let script = format!(
        "registry; filter ip6 daddr 2001:db8::2 drop
         names --host-record=contoso.azurecr.io,192.0.2.1,2001:db8::1 \
             --host-record=contoso.eastus.data.azurecr.io,192.0.2.2,2001:db8::2
         {CHECK}"
    );
    let Some((code, report)) = check(&[], &script) else { return };
    let expected = "login IPv4: reachable\nlogin IPv6: reachable\ndata IPv4: reachable\n\
                    data IPv6: blocked tcp timeout\n";
    assert_eq!((code, verdicts(&report).as_str()), (0, expected));
    assert_eq!(report["checks"][3]["addresses"], json!(["2001:db8::2"]));
}

#[test]
fn a_private_endpoint_is_named() {
    let script = format!(
        "registry
         names --cname=contoso.azurecr.io,contoso.privatelink.azurecr.io \
             --host-record=contoso.privatelink.azurecr.io,10.1.2.3 \
             --cname=contoso.eastus.data.azurecr.io,contoso.eastus.data.privatelink.azurecr.io \
             --host-record=contoso.eastus.data.privatelink.azurecr.io,192.0.2.2
         {CHECK}"
    );
    let Some((code, report)) = check(&[], &script) else { return };
    assert_eq!((code, verdicts(&report).as_str()), (0, "login: private\ndata: reachable\n"));
    let [login, data] = [0, 1].map(|i| &report["checks"][i]);
    assert_eq!(login["cnames"], json!(["contoso.privatelink.azurecr.io"]));
    assert!(login["detail"].as_str().unwrap().starts_with("private endpoint; "), "{login}");
    // Split-horizon DNS is missing: the alias exists, but the address is the public one.
    assert!(
        data["detail"].as_str().unwrap().contains("DNS resolves to its public address"),
        "{data}"
    );
}

#[test]
fn a_proxys_rules_are_known_before_the_names_exist() {
    let planned = r#""$AZ_ACR" check-endpoints --login-server contoso.azurecr.io --region eastus westus --planned"#;
    let names = "registry; names --host-record=contoso.azurecr.io,192.0.2.1";
    let direct = format!("{names}; {planned}");
    let Some((code, report)) = check(&[], &direct) else { return };
    let unpublished = "notPublished dns nameNotFound";
    let expected = format!("login: reachable\ndata: {unpublished}\ndata: {unpublished}\n");
    assert_eq!((code, verdicts(&report)), (0, expected));

    // The proxy's rules know the host in eastus; its DNS does not.
    let rules = "acl all_ports port 443\nacl acr dstdomain contoso.azurecr.io contoso.eastus.data.azurecr.io\n\
                 http_access allow CONNECT all_ports acr\nhttp_access deny all";
    let behind = format!("{names}; proxy <<< '{rules}'; {planned}");
    let Some((code, report)) = check(&["squid"], &behind) else { return };
    let expected = "login: reachable\ndata: notPublished proxy proxyUpstream\n\
                    data: blocked proxy proxyDenied\n";
    assert_eq!((code, verdicts(&report).as_str()), (1, expected), "{report:#}");
    assert_eq!(report["checks"][2]["endpoint"], "contoso.westus.data.azurecr.io");
    assert_eq!(report["checks"][2]["proxy"], "127.0.0.1:3128");
    assert!(report["checks"][2]["detail"].as_str().unwrap().contains("ERR_ACCESS_DENIED"));

    let refusing = format!("registry; usual_names; proxy <<< 'http_access deny all'; {CHECK}");
    let Some((code, report)) = check(&["squid"], &refusing) else { return };
    let expected = "login: blocked proxy proxyDenied\ndata: blocked proxy proxyDenied\n";
    assert_eq!((code, verdicts(&report).as_str()), (1, expected));
}

#[test]
fn only_a_refusal_shows_that_the_wildcard_is_closed() {
    let expecting = format!("{CHECK} --expect-no-storage --expect-blocked no.such.azurecr.io");
    let judged = |filter: &str| {
        let (code, report) = check(&[], &format!("registry; usual_names; {filter} {expecting}"))?;
        let judged = report["expectations"].as_array().unwrap().iter();
        let judged =
            judged.map(|one| (one["host"].clone(), one["ok"].clone(), one["step"].clone()));
        Some((code, judged.collect::<Vec<_>>()))
    };
    let storage = json!("azcliprod.blob.core.windows.net");
    let nobody = (json!("no.such.azurecr.io"), json!(false), json!("dns"));
    let Some(open) = judged("") else { return };
    assert_eq!(open, (1, vec![nobody.clone(), (storage.clone(), json!(false), Value::Null)]));
    let Some(closed) = judged("filter ip daddr 192.0.2.3 drop;") else { return };
    assert_eq!(closed, (1, vec![nobody, (storage, json!(true), json!("tcp"))]));
    let one = format!(
        "registry; usual_names; filter ip daddr 192.0.2.3 reject; {CHECK} --expect-no-storage"
    );
    assert_eq!(check(&[], &one).unwrap().0, 0);
}

/// Writes the rules for squid with `firewall-rules`; skopeo pulls through that proxy.
const PULL: &str = r#"
registry; usual_names
"$AZ_ACR" --cloud emulator firewall-rules -n contoso --format squid > acr.conf
"#;

#[test]
fn skopeo_pulls_what_the_walk_pulls() {
    let script = r#"
        registry; usual_names
        for tag in latest docker; do
            skopeo --policy policy.json copy --src-creds app:emulator docker://contoso.azurecr.io/hello:$tag dir:copied-$tag >&2
        done
        for tag in latest docker; do
            "$AZ_ACR" check-endpoints --login-server contoso.azurecr.io --region eastus --pull hello:$tag \
                --username app --password-stdin --query pull <<< emulator > pull-$tag.json
        done
        cat pull-latest.json"#;
    let home = Home::new();
    home.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
    let Some((code, stdout, stderr)) = in_namespace(&home, &["skopeo"], script) else { return };
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    for tag in ["latest", "docker"] {
        let read = |file: &str| std::fs::read(home.path(file)).unwrap();
        let pull: Value = serde_json::from_slice(&read(&format!("pull-{tag}.json"))).unwrap();
        assert_eq!(
            pull["hosts"],
            json!(["contoso.azurecr.io", "contoso.eastus.data.azurecr.io"]),
            "{tag}"
        );
        // `--pull` lists exactly the blobs that skopeo fetched.
        for blob in pull["blobs"].as_array().unwrap() {
            let name = blob["digest"].as_str().unwrap().trim_start_matches("sha256:");
            let size = read(&format!("copied-{tag}/{name}")).len();
            assert_eq!((&blob["size"], &blob["ok"]), (&json!(size), &json!(true)), "{blob}");
        }
    }
}

/// Pulls with an engine's client, which needs no engine: storage in this directory, no overlay file system.
fn pulls_with(program: &str) {
    let script = format!(
        r#"
        registry; usual_names
        mkdir -p run store "$HOME/.config/containers"
        export CONTAINERS_STORAGE_CONF=$HOME/storage.conf REGISTRY_AUTH_FILE=$HOME/auth.json TMPDIR=$HOME
        printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/store"\n' "$HOME" "$HOME" > storage.conf
        cp policy.json "$HOME/.config/containers/policy.json"
        {program} login --username app --password-stdin contoso.azurecr.io <<< emulator >&2
        {program} pull contoso.azurecr.io/hello:latest >&2
        {program} images --format '{{{{.Name}}}}:{{{{.Tag}}}}'
        "#
    )
    .replace("{{.Name}}", if program == "podman" { "{{.Repository}}" } else { "{{.Name}}" });
    let home = Home::new();
    home.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
    let Some((code, stdout, stderr)) = in_namespace(&home, &[program], &script) else { return };
    assert_eq!((code, stdout.trim()), (0, "contoso.azurecr.io/hello:latest"), "{stderr}");
}

#[test]
fn buildah_logs_in_and_pulls() {
    pulls_with("buildah");
}

#[test]
fn podman_logs_in_and_pulls() {
    pulls_with("podman");
}

#[test]
fn docker_logs_in_and_pulls() {
    let script = r#"
        registry; usual_names
        export DOCKER_HOST=unix://$HOME/docker.sock DOCKER_CONFIG=$HOME/client
        # A pull needs neither packet filters nor a bridge.
        dockerd --host "$DOCKER_HOST" --data-root "$HOME/data" --exec-root "$HOME/exec" --pidfile "$HOME/docker.pid" \
            --storage-driver vfs --iptables=false --bridge none > dockerd.log 2>&1 &
        until docker version &> version.log; do
            kill -0 $! && [ $SECONDS -lt 60 ] || { cat dockerd.log >&2; exit 1; }
        done
        docker login --username app --password-stdin contoso.azurecr.io <<< emulator >&2
        docker pull contoso.azurecr.io/hello:latest >&2
        docker images --format '{{.Repository}}:{{.Tag}}'"#;
    let needed = ["dockerd", "docker"];
    let Some((code, stdout, stderr)) = in_namespace(&Home::new(), &needed, script) else { return };
    assert_eq!((code, stdout.trim()), (0, "contoso.azurecr.io/hello:latest"), "{stderr}");
}

#[test]
fn squid_with_the_generated_rules_lets_pulls_through_and_nothing_else() {
    let pull = r#""$AZ_ACR" check-endpoints --login-server contoso.azurecr.io --region eastus --pull hello \
        --username app --password-stdin --expect-no-storage <<< emulator"#;
    let skopeo = "skopeo --policy policy.json copy --src-creds app:emulator docker://contoso.azurecr.io/hello dir:copied";
    let home = Home::new();
    home.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
    let script = format!("{PULL} cp acr.conf rules; proxy < rules; {skopeo} >&2; {pull}");
    let needed = ["squid", "skopeo"];
    let Some((code, stdout, stderr)) = in_namespace(&home, &needed, &script) else { return };
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["pull"]["ok"], true);
    assert_eq!(
        (&report["expectations"][0]["step"], &report["expectations"][0]["reason"]),
        (&json!("proxy"), &json!("proxyDenied"))
    );

    // Without the data endpoint's line, skopeo fails, and `--pull` reports the host, the step and the reason.
    let script = format!(
        "{PULL} grep -v data.azurecr.io acr.conf > rules; proxy < rules
         if {skopeo} >&2; then echo 'skopeo pulled'; exit 9; fi
         {pull}"
    );
    let home = Home::new();
    home.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
    let Some((code, stdout, stderr)) = in_namespace(&home, &needed, &script) else { return };
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    let pull = &serde_json::from_str::<Value>(&stdout).unwrap()["pull"];
    let named = ["ok", "host", "step", "reason"].map(|key| pull[key].clone());
    let host = json!("contoso.eastus.data.azurecr.io");
    assert_eq!(named, [json!(false), host, json!("proxy"), json!("proxyDenied")], "{pull}");
}

#[test]
fn the_script_for_iptables_lets_pulls_through_and_nothing_else() {
    let script = r#"
        rules() { "$AZ_ACR" --cloud emulator firewall-rules -n contoso --planned "$@"; }
        rules --format iptables > acr.sh
        sh acr.sh "$HOME/acr.conf"
        sh acr.sh "$HOME/acr.conf" # a second time changes nothing
        for tables in iptables ip6tables; do
            $tables -A OUTPUT -j az_acr
            $tables -A OUTPUT -p tcp -m multiport --dports 80,443 -j REJECT --reject-with tcp-reset
        done
        registry; usual_names
        # dnsmasq fills sets with what it hears from others.
        dnsmasq --conf-file=acr.conf --no-resolv --no-hosts --server=192.0.2.53 --listen-address=10.1.2.3 --bind-interfaces --pid-file= --user=root
        echo 'nameserver 10.1.2.3' > resolv.conf
        iptables-save > v4; ip6tables-save > v6; ipset save > sets
        rules --check v4 v6 sets acr.conf --hook output -o none
        "$AZ_ACR" check-endpoints --login-server contoso.azurecr.io --region eastus --timeout 2 --expect-no-storage"#;
    let home = Home::new();
    let needed = ["iptables", "ip6tables", "ipset"];
    let Some((code, stdout, stderr)) = in_namespace(&home, &needed, script) else { return };
    if stderr.contains("Kernel error") || stderr.contains("Kernel support protocol") {
        skipped::<()>("the kernel has no ipset");
        return;
    }
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["expectations"][0]["ok"], true, "{report:#}");
}

/// A registry that is not Azure's: Debian's docker-registry with TLS and an optional password, filled by skopeo.
const OTHER_REGISTRY: &str = r"
registry
names --host-record=contoso.azurecr.io,192.0.2.1 --host-record=contoso.eastus.data.azurecr.io,192.0.2.2 \
    --host-record=registry.test,192.0.2.66
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=registry.test' \
    -addext 'subjectAltName=DNS:registry.test' -addext 'basicConstraints=critical,CA:FALSE' -keyout registry.key -out registry.pem 2>openssl.log
cat registry.pem >> ca.pem
echo 'app:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a' > htpasswd
cat > config.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $HOME/registry}}
http: {addr: 192.0.2.66:5000, tls: {certificate: registry.pem, key: registry.key}}
AUTH
log: {accesslog: {disabled: true}, level: error}
END
docker-registry serve config.yml 2>registry.log &
listening 192.0.2.66/5000
skopeo --policy policy.json copy --all --src-creds app:emulator DEST \
    docker://contoso.azurecr.io/hello docker://registry.test:5000/team/hello:v1 >&2
";

/// A client whose traffic leaves through a link: 198.51.100.1 is a registry, 198.51.100.9 somebody else. dnsmasq, with
/// the generated configuration, fills the sets from the answers of the resolver.
const LINK: &str = r#"
unshare --net sleep 60 &
elsewhere=$!
until [ "$(readlink /proc/$elsewhere/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link add client type veth peer name server
ip link set server netns $elsewhere
ip address add 198.51.100.77/24 dev client; ip link set client up
beyond() { nsenter -t $elsewhere -n "$@"; }
beyond ip address add 198.51.100.1/24 dev server; beyond ip address add 198.51.100.9/24 dev server
beyond ip link set lo up; beyond ip link set server up
mkfifo served
beyond "$AZ_ACR" emulator start --data-plane --address :: --port 443 --cert-dir . > served &
read -r _ < served
names --host-record=contoso.azurecr.io,198.51.100.1
rules() { "$AZ_ACR" --cloud emulator firewall-rules -n contoso --region eastus "$@"; }
resolve() { # with a dnsmasq that fills the sets
    rules --format dnsmasq > sets.conf
    dnsmasq --conf-file=sets.conf --no-resolv --server=192.0.2.53 --listen-address=192.0.2.66 --bind-interfaces \
        --pid-file= --user=root
    echo 'nameserver 192.0.2.66' > resolv.conf
    getent ahostsv4 contoso.azurecr.io > addresses
}
connect() { timeout 1 bash -c "exec 3<> /dev/tcp/$1/443" 2>/dev/null && echo -n open || echo -n closed; }
tell() { echo "$1: registry $(connect 198.51.100.1), others $(connect 198.51.100.9)"; }
policy() { nft add chain inet filter output "{ type filter hook output priority 0; policy $1; }"; }
nft add table inet filter
rules --format nftables > acr.nft
"#;

#[test]
fn generated_nftables_rules_leave_other_traffic_alone() {
    let script = r"
policy accept; nft -f acr.nft; tell 'open policy'
nft chain inet filter output '{ policy drop; }'
nft add rule inet filter output oifname lo accept
tell 'closed policy'
nft insert rule inet filter output tcp dport 443 jump az_acr
resolve; tell 'with the jump'
nft -f acr.nft; tell 'loaded again'
";
    let Some((code, stdout, stderr)) =
        in_namespace(&Home::new(), &["nsenter", "timeout"], &format!("{LINK}{script}"))
    else {
        return;
    };
    let expected = "open policy: registry open, others open\n\
                    closed policy: registry closed, others closed\n\
                    with the jump: registry open, others closed\n\
                    loaded again: registry open, others closed\n";
    assert_eq!((code, stdout.as_str()), (0, expected), "{stderr}");
}

#[test]
fn lockdown_closes_what_an_open_policy_lets_through() {
    let script = r"
policy accept; rules --format nftables --lockdown > closed.nft
nft -f closed.nft; tell 'before DNS'
resolve; tell 'after DNS'
nft -f closed.nft; tell 'loaded again'
sed -n 's/^# *\(nft delete .*\)/\1/p' closed.nft | bash; tell 'removed'
";
    let Some((code, stdout, stderr)) =
        in_namespace(&Home::new(), &["nsenter", "timeout"], &format!("{LINK}{script}"))
    else {
        return;
    };
    let expected = "before DNS: registry closed, others closed\n\
                    after DNS: registry open, others closed\n\
                    loaded again: registry open, others closed\n\
                    removed: registry open, others open\n";
    assert_eq!((code, stdout.as_str()), (0, expected), "{stderr}");
}

#[test]
fn the_walk_pulls_from_a_registry_that_is_not_azures() {
    let needed = ["skopeo", "docker-registry", "openssl"];
    let run = |auth: &str, login: &str| {
        let home = Home::new();
        home.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
        let dest = if auth.is_empty() { "" } else { "--dest-creds app:secret" };
        let script = OTHER_REGISTRY.replace("AUTH", auth).replace("DEST", dest);
        let script = format!(
            "{script} \"$AZ_ACR\" check-endpoints --login-server registry.test:5000 --pull registry.test:5000/team/hello:v1 {login}"
        );
        let (_, stdout, stderr) = in_namespace(&home, &needed, &script)?;
        let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
        Some(report)
    };
    let Some(open) = run("", "") else { return };
    assert_eq!(open["pull"]["ok"], true, "{open:#}");
    assert_eq!(open["pull"]["hosts"], json!(["registry.test:5000"]));
    assert_eq!(open["pull"]["blobs"].as_array().unwrap().len(), 2);
    // Unlike every Azure registry, it does not ask for a token.
    assert_eq!(verdicts(&open), "login: blocked http notRegistry\n");

    let auth = "auth: {htpasswd: {realm: test, path: htpasswd}}";
    let by_name = "--username app --password-stdin <<< secret";
    let report = run(auth, by_name).unwrap();
    assert_eq!(report["pull"]["ok"], true, "{report:#}");
    let report = run(auth, "").unwrap();
    assert_eq!(report["pull"]["step"], "challenge", "{report:#}");
    assert_eq!(report["pull"]["reason"], "credentialsRefused");
}
