//! `firewall-rules --check`, one language after the other: what a file does to the registry's hosts and to others.
//!
//! The three hosts of `contoso` are needed. The examples show what people get wrong; `tests/judges` compares many more
//! files with the real programs.

use crate::firewall::{check, counts, rules};
use crate::home::Home;

/// One finding kind after the other, with the number of findings.
type Counts = Vec<(&'static str, usize)>;

/// Checks files of a language, and that each exit code fits the findings.
fn expect(options: &[&str], cases: &[(String, Counts)]) {
    let home = Home::new();
    for (text, expected) in cases {
        let (code, report) = check(&home, text, options);
        assert_eq!(&counts(&report), expected, "{text}\n{report:#}");
        assert_eq!(code, i32::from(expected.as_slice() != [("ok", 3)]), "{text}");
    }
}

/// A line for each needed host.
fn each(line: &str) -> String {
    let hosts =
        ["contoso.azurecr.io", "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"];
    hosts.map(|host| line.replace("HOST", host) + "\n").concat()
}

#[test]
fn dnsmasq_answers_by_the_longest_name() {
    let closed = format!("no-resolv\n{}", each("server=/HOST/9.9.9.9"));
    let blocked = format!("server=9.9.9.9\nno-resolv\naddress=/#/#\n{}", each("server=/HOST/#"));
    let open = vec![("tooBroad", 2), ("ok", 3)];
    expect(
        &["--from", "dnsmasq"],
        &[
            (closed.clone(), vec![("ok", 3)]),
            (blocked.clone(), vec![("ok", 3)]),
            (format!("{closed}address=/HOST.azurecr.io/\n"), vec![("ok", 3)]),
            (format!("{closed}address=/azurecr.io/0.0.0.0\n"), vec![("ok", 3)]),
            (
                format!("{closed}address=/contoso.azurecr.io/0.0.0.0\n"),
                vec![("denied", 1), ("ok", 2)],
            ),
            // A host record comes before every rule.
            (
                format!("{closed}host-record=contoso.azurecr.io,0.0.0.0\n"),
                vec![("denied", 1), ("ok", 2)],
            ),
            // Whether that address is the registry's is not in the file.
            (
                format!("{closed}address=/contoso.azurecr.io/10.0.0.4\n"),
                vec![("unjudged", 1), ("ok", 2)],
            ),
            // A general server has the length of /#/, and wins where the latter has no address.
            (format!("{closed}server=9.9.9.9\naddress=/#/\n"), open.clone()),
            // An address speaks for its family: IPv6 stays open.
            (blocked.replace("address=/#/#", "address=/#/0.0.0.0"), open.clone()),
            (
                format!("{closed}server=/*.data.azurecr.io/9.9.9.9\n"),
                vec![("tooBroad", 1), ("ok", 3)],
            ),
            (
                format!("{closed}nftset=/contoso.azurecr.io/4#inet#filter#s\n"),
                vec![("unjudged", 3)],
            ),
            (each("server=/HOST/9.9.9.9"), open),
        ],
    );
    let home = Home::new();
    let private = format!("{closed}address=/contoso.azurecr.io/10.0.0.4\n");
    assert_eq!(check(&home, &private, &["--resolve", "contoso.azurecr.io:443:10.0.0.4"]).0, 0);
    home.write("rules.txt", "address=/contoso.azurecr.io/nowhere\n");
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
    assert!(stderr.contains("line 1: dnsmasq does not start: a bad address"), "{stderr}");
}

#[test]
fn unbound_answers_by_the_nearest_local_zone() {
    let closed =
        format!("server:\n  local-zone: . refuse\n{}", each("  local-zone: HOST transparent"));
    expect(
        &[],
        &[
            (closed.clone(), vec![("ok", 3)]),
            (format!("{closed}  local-zone: \"*.azurecr.io\" transparent\n"), vec![("ok", 3)]),
            (
                format!("{closed}  local-zone: azurecr.io transparent\n"),
                vec![("tooBroad", 1), ("ok", 3)],
            ),
            (
                format!("{closed}  local-zone: contoso.azurecr.io static\n"),
                vec![("denied", 1), ("ok", 2)],
            ),
            (
                format!("{closed}  local-data: 'contoso.azurecr.io TXT \"x\"'\n"),
                vec![("denied", 1), ("ok", 2)],
            ),
            (format!("{closed}  access-control: 0.0.0.0/0 refuse\n"), vec![("denied", 3)]),
            (format!("{closed}view:\n  name: \"v\"\n"), vec![("unjudged", 5)]),
            (each("server: local-zone: HOST transparent"), vec![("tooBroad", 2), ("ok", 3)]),
        ],
    );
}

#[test]
fn policy_zones_are_read_as_unbound_and_as_bind_do() {
    let soa = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n";
    let passes = each("HOST CNAME rpz-passthru.");
    let home = Home::new();
    home.write("passes.zone", &format!("{soa}{passes}"));
    home.write("block.zone", &format!("{soa}* CNAME .\n"));
    let arguments = ["-n", "contoso", "--planned", "--check"];
    let run = rules(&home, &[&arguments[..], &["passes.zone", "block.zone"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    // In one zone, a name that passes opens its neighbours, and the two servers differ about which.
    let one = format!("{soa}* CNAME .\n{passes}");
    for (from, expected) in [
        ("rpz", vec![("unjudged", 1), ("tooBroad", 1), ("ok", 3)]),
        ("rpz-unbound", vec![("tooBroad", 1), ("ok", 3)]),
        ("rpz-bind", vec![("tooBroad", 1), ("ok", 3)]),
    ] {
        let (code, report) = check(&home, &one, &["--from", from]);
        assert_eq!(code, 1);
        let kinds = |counts: Vec<(&str, usize)>| {
            counts
                .iter()
                .map(|(kind, _)| (*kind).to_owned())
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(kinds(counts(&report)), kinds(expected), "{from}: {report:#}");
    }
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "rpz"]).quiet();
    home.write("own.zone", &own);
    let run = rules(&home, &[&arguments[..], &["own.zone", "block.zone"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn nftables_and_dnsmasq_make_one_policy() {
    let home = Home::new();
    let names = rules(&home, &["-n", "contoso", "--planned", "--format", "dnsmasq"]).quiet();
    let sets = rules(&home, &["-n", "contoso", "--planned", "--format", "nftables"]).quiet();
    let closed =
        rules(&home, &["-n", "contoso", "--planned", "--format", "nftables", "--lockdown"]).quiet();
    let own = |policy: &str, rules: &str| {
        let hook = format!("type filter hook output priority 0; policy {policy};");
        format!("table inet filter {{\n chain output {{\n  {hook}\n  {rules}\n }}\n}}\n")
    };
    let established = "ct state established accept";
    let open = vec![("tooBroad", 4), ("ok", 3)];
    for (rules_text, expected) in [
        (closed.clone(), vec![("ok", 3)]),
        // Nothing jumps to the chain.
        (sets.clone(), vec![("unjudged", 3)]),
        (
            format!("{sets}{}", own("drop", &format!("{established}\n jump az_acr"))),
            vec![("ok", 3)],
        ),
        (
            format!("flush ruleset\n{sets}{}", own("accept", "jump az_acr\n tcp dport 443 drop")),
            vec![("tooBroad", 2), ("ok", 3)],
        ),
        (format!("flush ruleset\n{sets}{}", own("accept", "jump az_acr")), open.clone()),
        // Without its packets after the first one, a connection hangs.
        (
            format!(
                "{sets}{}",
                own("drop", "ct state new tcp dport 443 ip daddr @az_acr_hosts4 accept")
            ),
            vec![("missing", 3)],
        ),
        (
            format!(
                "{closed}{}",
                own("accept", "tcp dport 443 drop").replace("chain output", "chain o")
            ),
            vec![("missing", 3)],
        ),
        (
            format!("{closed}add rule inet filter az_acr_output ip daddr 203.0.113.0/24 accept\n"),
            vec![("ok", 3)],
        ),
        (
            format!("{closed}insert rule inet filter az_acr_output ip daddr 203.0.113.0/24 drop\n"),
            vec![("unjudged", 3)],
        ),
    ] {
        home.write("rules.nft", &rules_text);
        home.write("names.conf", &names);
        let run =
            rules(&home, &["-n", "contoso", "--planned", "--check", "rules.nft", "names.conf"]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(counts(&report), expected, "{rules_text}\n{report:#}");
        assert_eq!(report["files"][1]["format"], "dnsmasq");
    }
    // One without the other says nothing about hosts.
    let (code, report) = check(&home, &closed, &[]);
    assert_eq!((code, counts(&report)), (1, vec![("unjudged", 5)]));
    assert!(report["unjudged"][0]["why"].as_str().unwrap().contains("dnsmasq"), "{report:#}");
}

#[test]
fn suricata_looks_at_one_packet_after_the_other() {
    let home = Home::new();
    let passes = rules(&home, &["-n", "contoso", "--planned", "--format", "suricata"]).quiet();
    let closed =
        rules(&home, &["-n", "contoso", "--planned", "--format", "suricata", "--lockdown"]).quiet();
    let wide = "pass tls any any -> any any (tls.sni; content:\"azurecr.io\"; endswith; sid:1;)\n";
    expect(
        &[],
        &[
            (closed.clone(), vec![("ok", 3)]),
            (passes.clone(), vec![("tooBroad", 4), ("ok", 3)]),
            (closed.replace("pass tls", "drop tls"), vec![("denied", 3)]),
            (closed.replace("pass tls", "alert tls"), vec![("missing", 3)]),
            // Dropped at the first packet, before there is a name.
            (format!("{closed}drop tcp any any -> any 443 (sid:1;)\n"), vec![("missing", 3)]),
            // Containerd's ClientHello comes in two segments, and hangs at the first.
            (format!("{closed}drop tls any any -> any any (sid:1;)\n"), vec![("unjudged", 3)]),
            (
                format!("{closed}drop tcp any any -> any any (flow:established; sid:1;)\n"),
                vec![("ok", 3)],
            ),
            (format!("{closed}{wide}"), vec![("tooBroad", 1), ("ok", 3)]),
            (format!("{closed}{}", wide.replace("azurecr.io", "AZURECR.IO")), vec![("ok", 3)]),
            // Suricata skips a rule that it cannot read.
            (
                format!("{closed}{}", wide.replace("endswith;", "endwith;")),
                vec![("unjudged", 1), ("ok", 3)],
            ),
            (format!("{closed}{}", wide.replace("sid:1;", "")), vec![("ok", 3)]),
        ],
    );
}
