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
            // A rule without a star hides one with a star of the same length: IPv6 falls to the shorter rule.
            (
                format!(
                    "{closed}address=/windows.net/0.0.0.0\nserver=/*windows.net/9.9.9.9\nlocal=/net/\n"
                ),
                vec![("ok", 3)],
            ),
            (each("server=/HOST/9.9.9.9"), open),
        ],
    );
    let home = Home::new();
    for server in ["9.9.9.9#x", "9.9.9.9#65536", "9.9.9.9@eth0#x"] {
        home.write("rules.txt", &format!("{closed}server=/example.com/{server}\n"));
        let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
        assert!(stderr.contains("dnsmasq does not start: a bad address"), "{stderr}");
    }
    home.write("rules.txt", &format!("{closed}cache-size=0\ncache-size=0\n"));
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
    assert!(
        stderr.contains("dnsmasq does not start: cache-size stands more than once"),
        "{stderr}"
    );
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
fn patterns_without_an_end_or_with_bare_dots_let_other_domains_in() {
    let squid = |rule: &str| format!("acl more {rule}\nhttp_access allow more\n");
    let home = Home::new();
    let rules_of = |format: &str, options: &[&str]| {
        let arguments = [&["-n", "contoso", "--planned", "--format", format][..], options];
        rules(&home, &arguments.concat()).quiet()
    };
    let closed = rules_of("squid", &[]);
    for (pattern, expected) in [
        (r"dstdom_regex ^contoso\.azurecr\.io$", vec![("ok", 3)]),
        (r"dstdom_regex ^contoso\.azurecr\.io", vec![("tooBroad", 2), ("ok", 3)]),
        (r"dstdom_regex ^contoso.azurecr.io$", vec![("tooBroad", 2), ("ok", 3)]),
        (r"dstdom_regex ^contoso\.azurecr\.[a-z]+$", vec![("tooBroad", 2), ("ok", 3)]),
        (r"dstdom_regex ^contoso\..*\.io$", vec![("tooBroad", 2), ("ok", 3)]),
        (r"dstdom_regex ^contoso[.-]azurecr\.io$", vec![("tooBroad", 2), ("ok", 3)]),
        // A URL may hold the name elsewhere.
        (r"url_regex ^contoso\.azurecr\.io", vec![("tooBroad", 2), ("unjudged", 2), ("ok", 3)]),
    ] {
        let text = format!("{}{closed}http_access deny all\n", squid(pattern));
        let (_, report) = check(&home, &text, &[]);
        assert_eq!(counts(&report), expected, "{pattern}: {report:#}");
    }
    let suricata = rules_of("suricata", &["--lockdown"]);
    let open = "pass tls any any -> any any (tls.sni; content:\"contoso.azurecr.io\"; startswith; nocase; sid:9;)\n";
    let (code, report) = check(&home, &format!("{suricata}{open}"), &[]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(report["tooBroad"][0]["fqdn"], "contoso.azurecr.io.some-unrelated-site.com");
}

/// A chain of the user on output.
fn own_output(policy: &str, rules: &str) -> String {
    let hook = format!("type filter hook output priority 0; policy {policy};");
    format!("table inet filter {{\n chain output {{\n  {hook}\n  {rules}\n }}\n}}\n")
}

/// The names and the sets of a planned registry, and its lockdown.
fn dnsmasq_and_sets(home: &Home) -> [String; 3] {
    let formats: [&[&str]; 3] = [&["dnsmasq"], &["nftables"], &["nftables", "--lockdown"]];
    formats.map(|format| {
        rules(home, &[&["-n", "contoso", "--planned", "--format"], format].concat()).quiet()
    })
}

/// What a check of rules with names finds.
fn check_with_names(home: &Home, nftables: &str, names: &str) -> serde_json::Value {
    home.write("rules.nft", nftables);
    home.write("names.conf", names);
    let arguments = ["-n", "contoso", "--planned", "--check", "rules.nft", "names.conf"];
    let run = rules(home, &arguments);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn dnsmasq_must_reach_a_server_that_it_asks() {
    let home = Home::new();
    let [names, sets, _] = dnsmasq_and_sets(&home);
    let itself = "address=/contoso.azurecr.io/contoso.eastus.data.azurecr.io/contoso.westus.data.azurecr.io/10.1.2.3\n";
    for (accepted, servers, is_ok) in [
        ("", "", false),
        ("icmp type echo-request accept", "", false),
        ("udp dport 53 accept", "", true),
        ("oifname lo accept\n iifname lo accept", "server=127.0.0.1\n", true),
        ("", "server=127.0.0.1\n", false),
        ("udp dport 5353 accept", "server=10.0.0.2#5353\n", true),
        ("udp dport 5353 accept", "server=10.0.0.2#53\n", false),
        ("ip daddr 10.0.0.2 udp dport 53 accept", "no-resolv\nserver=10.0.0.2\n", true),
        ("ip daddr 1.1.1.1 udp dport 53 accept", "no-resolv\nserver=10.0.0.2\n", false),
        ("udp dport 5353 accept", "server=/corp.local/10.0.0.2#5353\n", false),
        ("udp dport 5353 accept", "server=/azurecr.io/10.0.0.2#5353\n", true),
        // It answers by itself.
        ("ip daddr 10.1.2.3 tcp dport 443 accept", itself, true),
        // No registry has an address like this one.
        ("udp dport 53 accept\n ip daddr 169.254.169.254 drop", "", true),
    ] {
        let own = format!("{accepted}\n ct state established accept\n jump az_acr");
        let rules_text = format!("{sets}{}", own_output("drop", &own));
        let report = check_with_names(&home, &rules_text, &format!("{names}{servers}"));
        let expected = if is_ok { "ok" } else { "unjudged" };
        assert_eq!(counts(&report), [(expected, 3)], "{accepted} {servers}{report:#}");
    }
}

#[test]
fn clients_must_reach_the_dnsmasq_of_their_gateway() {
    let home = Home::new();
    let [names, sets, _] = dnsmasq_and_sets(&home);
    let chain = |name: &str, rules: &str| {
        format!(
            "table inet filter {{\n chain {name} {{\n  type filter hook {name} priority 0; policy drop;\n  {rules}\n }}\n}}\n"
        )
    };
    let forward = chain("forward", "ct state established accept\n jump az_acr");
    for (input, expected) in
        [("iifname lan0 udp dport 53 accept", "ok"), ("tcp dport 22 accept", "unjudged")]
    {
        let rules_text = format!(
            "{sets}{forward}{}",
            chain("input", &format!("ct state established accept\n {input}"))
        );
        let report = check_with_names(&home, &rules_text, &names);
        assert_eq!(counts(&report), [(expected, 3)], "{input}: {report:#}");
    }
}

#[test]
fn sets_that_forget_are_not_judged() {
    let home = Home::new();
    let [names, _, closed] = dnsmasq_and_sets(&home);
    let limited =
        |limit: &str| closed.replace("type ipv4_addr", &format!("type ipv4_addr; {limit}"));
    // dnsmasq does not add an address again when it answers from its cache.
    for (limit, expected) in
        [("timeout 1m", "unjudged"), ("size 1", "unjudged"), ("size 65535", "ok")]
    {
        let report = check_with_names(&home, &limited(limit), &names);
        assert_eq!(counts(&report), [(expected, 3)], "{limit}: {report:#}");
    }
    // For strangers, the worse of both counts: they pass while an allowing set has them…
    let more = "nftset=/blob.core.windows.net/4#inet#filter#az_acr_hosts4\n";
    let report = check_with_names(&home, &limited("timeout 1m"), &format!("{names}{more}"));
    assert_eq!(counts(&report), [("tooBroad", 1), ("unjudged", 3)], "{report:#}");
    // …and when one that refuses has lost them.
    let blocks = "table inet filter {\n set blocked4 {\n  type ipv4_addr\n  timeout 1m\n }\n set blocked6 {\n  type ipv6_addr\n  timeout 1m\n }\n";
    let own = own_output("accept", "ip daddr @blocked4 drop\n ip6 daddr @blocked6 drop");
    let rules_text = own.replacen("table inet filter {\n", blocks, 1);
    let names = "nftset=/#/4#inet#filter#blocked4,6#inet#filter#blocked6\n\
                 nftset=/contoso.azurecr.io/contoso.eastus.data.azurecr.io/contoso.westus.data.azurecr.io/4#inet#filter#other\n";
    let report = check_with_names(&home, &rules_text, names);
    assert!(!report["tooBroad"].as_array().unwrap().is_empty(), "{report:#}");
}

#[test]
fn nftables_and_dnsmasq_make_one_policy() {
    let home = Home::new();
    let names = rules(&home, &["-n", "contoso", "--planned", "--format", "dnsmasq"]).quiet();
    let sets = rules(&home, &["-n", "contoso", "--planned", "--format", "nftables"]).quiet();
    let closed =
        rules(&home, &["-n", "contoso", "--planned", "--format", "nftables", "--lockdown"]).quiet();
    let own = own_output;
    let established = "ct state established accept";
    let dns = "udp dport 53 accept";
    let open = vec![("tooBroad", 4), ("ok", 3)];
    for (rules_text, expected) in [
        (closed.clone(), vec![("ok", 3)]),
        // Nothing jumps to the chain.
        (sets.clone(), vec![("unjudged", 3)]),
        (
            format!("{sets}{}", own("drop", &format!("{established}\n {dns}\n jump az_acr"))),
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

/// An application rule collection as `az network firewall policy rule-collection-group list` prints it.
fn group(priority: u32, action: &str, rule: &str) -> String {
    format!(
        r#"{{"priority": {priority}, "ruleCollections": [{{"priority": 100, "action": {{"type": "{action}"}},
"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "rules": [{{{rule}}}]}}]}}"#
    )
}

#[test]
fn azure_firewall_asks_network_rules_first_and_then_by_priority() {
    let https =
        r#""ruleType": "ApplicationRule", "protocols": [{"protocolType": "HTTPS", "port": "443"}]"#;
    let hosts = r#""targetFqdns": ["contoso.azurecr.io",
"contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"]"#;
    let network =
        r#""ruleType": "NetworkRule", "ipProtocols": ["TCP"], "destinationPorts": ["443"]"#;
    let allow = group(500, "allow", &format!("{https}, {hosts}"));
    let with = |other: String| format!("[{allow},\n{other}]");
    let application = |priority, action, targets: &str| {
        with(group(priority, action, &format!("{https}, {targets}")))
    };
    let by_network =
        |action, targets: &str| with(group(900, action, &format!("{network}, {targets}")));
    let classic = format!(
        r#"{{"applicationRuleCollections": [{{"priority": 200, "action": {{"type": "Allow"}}, "rules": [{{
"protocols": [{{"protocolType": "Https", "port": 443}}], "sourceAddresses": ["*"], {hosts}}}]}}]}}"#
    );
    expect(
        &["--only-show-errors"],
        &[
            (allow.clone(), vec![("ok", 3)]),
            (format!(r#"{{"value": [{{"name": "g", "properties": {allow}}}]}}"#), vec![("ok", 3)]),
            (classic, vec![("ok", 3)]),
            (allow.replace("allow", "Deny"), vec![("denied", 3)]),
            (allow.replace("\"443\"", "\"8443\""), vec![("missing", 3)]),
            (allow.replace("contoso.azurecr.io", "*.azurecr.io"), vec![("tooBroad", 1), ("ok", 3)]),
            // A star without a dot also matches evilcontoso.azurecr.io.
            (
                allow.replace("\"contoso.azurecr.io", "\"*contoso.azurecr.io"),
                vec![("tooBroad", 1), ("ok", 3)],
            ),
            (application(400, "deny", r#""targetFqdns": ["*.azurecr.io"]"#), vec![("denied", 3)]),
            (application(600, "deny", r#""targetFqdns": ["*"]"#), vec![("ok", 3)]),
            (application(400, "deny", r#""fqdnTags": ["WindowsUpdate"]"#), vec![("unjudged", 3)]),
            (
                application(600, "allow", r#""webCategories": ["Business"]"#),
                vec![("unjudged", 2), ("ok", 3)],
            ),
            (
                application(600, "allow", r#""targetUrls": ["www.azurecr.io/v2/*"]"#),
                vec![("ok", 3)],
            ),
            // Network rules come before application rules, whatever the priorities.
            (
                // The denial is about addresses, which the other hosts may share.
                by_network("deny", r#""destinationFqdns": ["contoso.azurecr.io"]"#),
                vec![("denied", 1), ("unjudged", 2)],
            ),
            (by_network("deny", r#""destinationAddresses": ["*"]"#), vec![("missing", 3)]),
            (
                by_network("deny", r#""destinationAddresses": ["AzureContainerRegistry"]"#),
                vec![("unjudged", 3)],
            ),
            (
                by_network("allow", r#""destinationAddresses": ["Storage.EastUS"]"#),
                vec![("tooBroad", 1), ("ok", 3)],
            ),
            (
                by_network("allow", r#""destinationAddresses": ["20.0.0.0/8"]"#),
                vec![("tooBroad", 2), ("ok", 3)],
            ),
            (by_network("allow", r#""destinationAddresses": ["10.0.0.0/8"]"#), vec![("ok", 3)]),
            (
                by_network("allow", r#""destinationIpGroups": ["/subscriptions/x"]"#),
                vec![("unjudged", 2), ("ok", 3)],
            ),
            (
                allow.replace(hosts, r#""targetFqdns": ["[parameters('host')]"]"#),
                vec![("unjudged", 5)],
            ),
        ],
    );
    let home = Home::new();
    let (_, report) = check(&home, &allow, &[]);
    assert_eq!(
        (&report["ok"][1]["line"], &report["files"][0]["scope"]),
        (&3.into(), &"part".into())
    );
    // The policy itself says whether it has a parent.
    home.write("policy.json", r#"{"type": "Microsoft.Network/firewallPolicies", "basePolicy": null, "ruleCollectionGroups": []}"#);
    home.write("groups.json", &allow);
    let run =
        rules(&home, &["-n", "contoso", "--planned", "--check", "policy.json", "groups.json"]);
    assert!(run.stdout.contains("\"scope\": \"whole\""), "{}", run.stdout);
}

#[test]
fn terraform_is_judged_by_the_values_that_it_knows() {
    let home = Home::new();
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "terraform"]).quiet();
    let values = r#"{"terraform_version": "1.11.4", "planned_values": {"root_module": {"child_modules": [{"resources": [
{"address": "a", "type": "azurerm_firewall_application_rule_collection", "values": {"priority": 100, "action": "Allow", "rule": [
{"protocol": [{"type": "Https", "port": 443}], "source_addresses": ["*"], "target_fqdns": ["contoso.azurecr.io",
"contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"]}]}}]}]}}, "resource_changes": [
{"address": "a", "change": {"after_unknown": {"id": true, "rule": [{"description": true}]}}}]}"#;
    let network = "\n  network_rule_collection {\n    name = \"n\"\n    priority = 900\n    action = \"Deny\"\n    rule {\n      \
                   protocols = [\"TCP\"]\n      destination_addresses = [\"*\"]\n      destination_ports = [\"443\"]\n    }\n  }\n";
    expect(
        &["--only-show-errors"],
        &[
            (own.clone(), vec![("ok", 3)]),
            (own.replace("\"Allow\"", "\"Deny\""), vec![("denied", 3)]),
            (own.replace("port = 443", "port = var.port"), vec![("unjudged", 3)]),
            (own.replace("\"contoso.azurecr.io\"", "var.host"), vec![("unjudged", 3), ("ok", 2)]),
            (
                own.replace("\"contoso.azurecr.io\"", "\"${var.name}.azurecr.io\""),
                vec![("unjudged", 3), ("ok", 2)],
            ),
            (
                own.replace("  application_rule", &format!("{network}  application_rule")),
                vec![("missing", 3)],
            ),
            (own.replace("    rule {", "    dynamic \"rule\" {"), vec![("unjudged", 7)]),
            (own.replace("  name  ", "  count = 0\n  name  "), vec![("unjudged", 7)]),
            (values.to_owned(), vec![("ok", 3)]),
            (
                values.replace("\"description\": true", "\"target_fqdns\": true"),
                vec![("unjudged", 5)],
            ),
        ],
    );
    home.write(
        "rules.txt",
        "resource \"azurerm_firewall_policy_rule_collection_group\" \"x\" {\n  name = \n}\n",
    );
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
    assert!(stderr.contains("rules.txt, line 2: no HCL"), "{stderr}");
}

#[test]
fn cilium_denies_before_it_allows_and_needs_dns_for_names() {
    let home = Home::new();
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "cilium"]).quiet();
    let closed =
        rules(&home, &["-n", "contoso", "--planned", "--format", "cilium", "--lockdown"]).quiet();
    let policy = |spec: &str| {
        format!(
            "{own}---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: other\nspec:\n  \
             endpointSelector: {{}}\n{spec}"
        )
    };
    expect(
        &["--only-show-errors"],
        &[
            (own.clone(), vec![("ok", 3)]),
            (closed.clone(), vec![("ok", 3)]),
            (policy("  egressDeny:\n  - toEntities: [world]\n"), vec![("denied", 3)]),
            (
                policy(
                    "  egressDeny:\n  - toEntities: [world]\n    toPorts: [{ports: [{port: \"80\"}]}]\n",
                ),
                vec![("ok", 3)],
            ),
            (policy("  egressDeny:\n  - toCIDR: [20.0.0.0/8]\n"), vec![("unjudged", 3)]),
            (policy("  egress:\n  - toEntities: [cluster]\n"), vec![("ok", 3)]),
            (policy("  egress:\n  - toEntities: [world]\n"), vec![("tooBroad", 4), ("ok", 3)]),
            (
                policy("  egress:\n  - toCIDRSet: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}]\n"),
                vec![("tooBroad", 4), ("ok", 3)],
            ),
            // A star stays within its label.
            (
                policy("  egress:\n  - toFQDNs: [{matchPattern: \"*.azurecr.io\"}]\n"),
                vec![("tooBroad", 2), ("ok", 3)],
            ),
            (policy("  egress:\n  - toFQDNs: [{matchPattern: \"*.example\"}]\n"), vec![("ok", 3)]),
            // Anybody can register a domain that looks like the registries' own.
            (
                policy("  egress:\n  - toFQDNs: [{matchPattern: \"*.io\"}]\n"),
                vec![("tooBroad", 2), ("ok", 3)],
            ),
            (
                policy("  egress:\n  - toFQDNs: [{matchPattern: \"**.azurecr.io\"}]\n")
                    .replace("port: \"443\"", "port: \"444\""),
                vec![("tooBroad", 2), ("unjudged", 2), ("ok", 1)],
            ),
            (
                own.replace("matchPattern: \"*\"", "matchPattern: \"*.example.com\""),
                vec![("missing", 3)],
            ),
            (own.replace("port: \"53\"", "port: \"54\""), vec![("unjudged", 3)]),
        ],
    );
    assert_eq!(check(&home, &closed, &["--whole"]).0, 0);
    let (code, report) = check(&home, &own, &["--whole"]);
    assert_eq!((code, counts(&report)), (1, vec![("tooBroad", 4), ("ok", 3)]));
    let both = own.replace("    - toFQDNs:", "    - toEntities: [world]\n      toFQDNs:");
    home.write("rules.txt", &both);
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
    assert!(stderr.contains("Cilium refuses a rule with toFQDNs"), "{stderr}");
}

/// Checks files that an attack on the check made: each was green once, and must not be.
fn expect_not_green(cases: &[String]) {
    let home = Home::new();
    let names = written(&home, &["dnsmasq"]);
    for text in cases {
        home.write("rules.txt", text);
        home.write("names.conf", &names);
        let mut arguments =
            vec!["-n", "contoso", "--planned", "--only-show-errors", "--check", "rules.txt"];
        if text.contains("az_acr_hosts4") {
            arguments.push("names.conf");
        }
        let run = rules(&home, &arguments);
        assert_eq!(run.code, 1, "{text}\n{}", run.stdout);
    }
}

fn written(home: &Home, format: &[&str]) -> String {
    rules(home, &[&["-n", "contoso", "--planned", "--format"], format].concat()).quiet()
}

#[test]
fn documents_that_once_fooled_the_check_no_longer_do() {
    let home = Home::new();
    let [azure, terraform, cilium] =
        ["azure-firewall", "terraform", "cilium"].map(|format| written(&home, &[format]));
    let rule = "\"rules\": [";
    assert!(azure.contains(rule));
    let cilium_with = |rule: &str| format!("{cilium}    - {rule}\n");
    expect_not_green(&[
        // Private only at its end.
        cilium_with("toCIDR: [0.0.0.0/1]"),
        // Rules that are not in the file, or mean something else there.
        azure.replace(rule, "\"copy\": [{\"name\": \"rules\"}], \"rules\": ["),
        azure.replace(rule, "\"rules\": [\"[variables('more')]\", "),
        azure.replace(
            "\"protocolType\": \"Https\"",
            "\"protocolType\": \"[parameters('protocol')]\"",
        ),
        azure.replace(
            "contoso.azurecr.io\",",
            "contoso.azurecr.io\", \"*westus2.data.azurecr.io\",",
        ),
        terraform.replace("type = \"Https\"", "type = var.type"),
        format!(
            "{terraform}\n{}",
            terraform
                .replace("var.firewall_policy_id", "var.other")
                .replace("\"Allow\"", "\"Deny\"")
        ),
        // Policies that Cilium enforces as well, or not at all.
        format!("{cilium}---\nkind: NetworkPolicy\nspec: {{}}\n"),
        cilium.replace("port: \"443\"", "port: 443"),
        cilium
            .replace("endpointSelector: {}", "nodeSelector: {}")
            .replace("    - toFQDNs:", "    - toEntities: [all]\n    - toFQDNs:"),
    ]);
}

#[test]
fn nftables_that_once_fooled_the_check_no_longer_do() {
    let nftables = written(&Home::new(), &["nftables", "--lockdown"]);
    assert!(nftables.contains("\tchain az_acr_output {\n\t\toifname"));
    let in_output = |rule: &str| {
        let at = "\tchain az_acr_output {\n\t\toifname";
        nftables.replace(at, &format!("\tchain az_acr_output {{\n\t\t{rule}\n\t\toifname"))
    };
    expect_not_green(&[
        in_output("ip daddr 1.0.0.0-255.255.255.254 accept"),
        // nftables: maps, masks, sets that rules fill, ranges with spaces, other hooks.
        in_output("ip daddr & 255.255.0.0 vmap { 20.1.0.0 : accept, 10.0.0.0 : drop }"),
        in_output("ip daddr . tcp dport vmap { 20.1.1.2 . 443 : accept, 20.1.1.9 . 22 : drop }"),
        in_output("tcp dport { 22, 81 - 1000 } accept"),
        in_output("jump { accept; }"),
        in_output("meta l4proto 0x06 accept"),
        in_output("ct state vmap { established : accept, * : drop }"),
        in_output("include \"/nowhere/more.nft\""),
        format!(
            "{nftables}table inet x {{\n\tchain i {{\n\t\ttype filter hook ingress device lo priority 0; policy drop;\n\t}}\n}}\n"
        ),
        format!(
            "{nftables}table inet x {{\n\tset s {{\n\t\ttype ipv4_addr; flags timeout, dynamic\n\t}}\n\tchain o {{\n\t\ttype filter hook output priority -10; policy drop;\n\t\tip daddr @s accept\n\t\tip daddr @s drop\n\t}}\n}}\n"
        ),
        nftables.replace('\n', "\r\n"),
    ]);
}

#[test]
fn other_rules_that_once_fooled_the_check_no_longer_do() {
    let suricata = written(&Home::new(), &["suricata", "--lockdown"]);
    expect_not_green(&[
        // Suricata: other ways to let everything pass, and rules that it does not load.
        format!("{suricata}alert tcp any any -> any any (bypass; sid:1;)\n"),
        format!("{suricata}pass ipv6 any any -> any any (sid:1;)\n"),
        format!("{suricata}# a comment \\\npass tls any any -> any any (sid:1;)\n"),
        format!(
            "{suricata}pass tls any any -> any any (gid:2; tls.sni; content:\".azurecr.io\"; endswith; sid:1400000;)\n"
        ),
        suricata.replace("ssl_state:client_hello; sid", "ssl_state:client_hello; rev:0; sid"),
        suricata.replace("\ndrop tls", "\n drop tls"),
        // dnsmasq: a server for all in disguise, and other addresses.
        format!("no-resolv\n{}server=/./9.9.9.9\n", each("server=/HOST/9.9.9.9")),
        format!(
            "no-resolv\n{}interface-name=contoso.azurecr.io,lo\n",
            each("server=/HOST/9.9.9.9")
        ),
    ]);
}

#[test]
fn a_parent_policys_rules_come_before_its_childs() {
    let home = Home::new();
    let https =
        r#""ruleType": "ApplicationRule", "protocols": [{"protocolType": "Https", "port": 443}]"#;
    let of = |policy: &str, text: String| {
        text.replacen(
            '{',
            &format!(r#"{{"id": "/x/firewallPolicies/{policy}/ruleCollectionGroups/g", "#),
            1,
        )
    };
    let child = of(
        "child",
        group(
            100,
            "Allow",
            &format!(r#"{https}, "targetFqdns": ["*contoso.azurecr.io", "*data.azurecr.io"]"#),
        ),
    );
    let parent = of(
        "parent",
        group(500, "Deny", &format!(r#"{https}, "targetFqdns": ["contoso.azurecr.io"]"#)),
    );
    let policy = |name: &str, base: &str| {
        format!(
            r#"{{"name": "{name}", "type": "Microsoft.Network/firewallPolicies", "basePolicy": {base}, "ruleCollectionGroups": []}}"#
        )
    };
    home.write("groups.json", &format!("[{child}, {parent}]"));
    home.write("child.json", &policy("child", r#"{"id": "/x/firewallPolicies/parent"}"#));
    home.write("parent.json", &policy("parent", "null"));
    let arguments = ["-n", "contoso", "--planned", "--only-show-errors", "--check"];
    let report = |files: &[&str]| {
        let run = rules(&home, &[&arguments[..], files].concat());
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    let all = report(&["groups.json", "child.json", "parent.json"]);
    assert_eq!(
        (&all["denied"][0]["fqdn"], &all["files"][0]["scope"]),
        (&"contoso.azurecr.io".into(), &"whole".into())
    );
    // Whose rules come first is not in the groups alone.
    assert_eq!(report(&["groups.json"])["ok"].as_array().unwrap().len(), 0);
    home.write("groups.json", &child);
    let alone = report(&["groups.json", "child.json"]);
    assert!(
        alone["unjudged"][0]["why"].as_str().unwrap().contains("parent policy parent"),
        "{alone:#}"
    );
}

#[test]
fn rules_that_open_tls_are_not_judged() {
    let home = Home::new();
    let azure = written(&home, &["azure-firewall"]);
    let opens = azure.replace(
        "\"ruleType\": \"ApplicationRule\",",
        "\"ruleType\": \"ApplicationRule\", \"terminateTLS\": true,",
    );
    assert_ne!(azure, opens);
    let decrypts = "set rulebase decryption rules all action decrypt-and-forward\n";
    let paloalto = written(&home, &["paloalto"]);
    let proxy =
        "config firewall proxy-policy\n    edit 1\n        set action accept\n    next\nend\n";
    let fortigate = written(&home, &["fortigate"]);
    let inspects = fortigate.replace(
        "set action accept",
        "set action accept\n        set utm-status enable\n        set ssl-ssh-profile deep-inspection",
    );
    for text in
        [opens, format!("{paloalto}{decrypts}"), format!("{fortigate}{proxy}"), inspects.clone()]
    {
        let (code, report) = check(&home, &text, &[]);
        assert_eq!((code, report["ok"].as_array().unwrap().len()), (1, 0), "{text}\n{report:#}");
    }
    // Rules that do not open the TLS of clients do no harm.
    for text in [
        format!("{paloalto}{decrypts}set rulebase decryption rules all disabled yes\n"),
        format!(
            "{paloalto}{decrypts}set rulebase decryption rules all type ssl-inbound-inspection\n"
        ),
        format!("{paloalto}set rulebase decryption rules all action no-decrypt\n"),
        inspects.replace("deep-inspection", "certificate-inspection"),
    ] {
        let (code, report) = check(&home, &text, &[]);
        assert_eq!((code, counts(&report)), (0, vec![("ok", 3)]), "{text}\n{report:#}");
    }
}

#[test]
fn what_is_written_for_other_firewalls_is_judged_as_right() {
    let home = Home::new();
    // A rule group with pass rules alone refuses nothing: another one must.
    let part: &[&str] = &["--part"];
    for (format, options) in [
        ("paloalto", &[][..]),
        ("fortigate", &[]),
        ("aws-network-firewall", part),
        ("istio", &[]),
        ("no-proxy", &[]),
    ] {
        let (code, report) = check(&home, &written(&home, &[format]), options);
        assert_eq!(report["files"][0]["format"], format);
        assert_eq!((code, counts(&report)), (0, vec![("ok", 3)]), "{format}: {report:#}");
    }
    // A set of domains alone lets nobody out: a policy must refer to it.
    let policy = "---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: clients}
spec:
  selector: all()
  types: [Egress]
  egress:
    - action: Allow
      protocol: TCP
      destination: {selector: az-acr == 'hosts', namespaceSelector: global(), ports: [443]}
";
    let set = written(&home, &["calico"]);
    let (_, report) = check(&home, &set, &[]);
    assert_eq!(counts(&report), [("missing", 3)]);
    let (code, report) = check(&home, &format!("{set}{policy}"), &[]);
    assert_eq!((code, counts(&report)), (1, vec![("unjudged", 3)]), "no DNS: {report:#}");
    let dns = "    - {action: Allow, protocol: UDP, destination: {ports: [53]}}\n";
    let (code, report) = check(&home, &format!("{set}{policy}{dns}"), &[]);
    assert_eq!((code, counts(&report)), (0, vec![("ok", 3)]), "{report:#}");
}

#[test]
fn palo_alto_reads_open_entries_as_the_start_of_a_name() {
    let category = |end: &str| {
        each(&format!("set profiles custom-url-category acr list HOST{end}"))
            + "set rulebase security rules acr from any to any source any destination any application any service \
               service-https category acr action allow\n"
    };
    expect(
        &["--from", "paloalto"],
        &[
            (category("/"), vec![("ok", 3)]),
            (category(""), vec![("unjudged", 1), ("ok", 3)]),
            (
                category("/").replace("category acr action", "category any action"),
                vec![("tooBroad", 2), ("ok", 3)],
            ),
            (
                format!(
                    "set rulebase security rules no from any to any action deny\n{}",
                    category("/")
                ),
                vec![("missing", 3)],
            ),
        ],
    );
}

#[test]
fn no_proxy_must_send_all_hosts_the_same_way() {
    expect(
        &["--from", "no-proxy"],
        &[
            ("NO_PROXY=localhost,10.0.0.0/8\n".to_owned(), vec![("ok", 3)]),
            ("NO_PROXY=contoso.azurecr.io\n".to_owned(), vec![("missing", 2), ("ok", 1)]),
            ("NO_PROXY=.azurecr.io\n".to_owned(), vec![("tooBroad", 1), ("ok", 3)]),
            // Who names the language says that this is no list of hosts to allow.
            ("localhost,example.com\n".to_owned(), vec![("ok", 3)]),
            // Another variable stands on the line, or the other spelling has the same value.
            (
                "[Service]\nEnvironment=\"HTTPS_PROXY=http://p:3128\" \"NO_PROXY=contoso.azurecr.io,localhost\"\n".to_owned(),
                vec![("missing", 2), ("ok", 1)],
            ),
            (
                "export HTTPS_PROXY=http://p:3128 NO_PROXY=localhost\nexport no_proxy=$NO_PROXY\n".to_owned(),
                vec![("ok", 3)],
            ),
        ],
    );
    // What is not set, or what nobody can read, is not ok.
    let hosts = "contoso.azurecr.io,contoso.eastus.data.azurecr.io,contoso.westus.data.azurecr.io";
    for text in [
        format!("HTTPS_PROXY=http://p:3128 # NO_PROXY={hosts}\n"),
        format!("export HTTPS_PROXY=http://p:3128 NO_PROXY={hosts} no_proxy=x.com\n"),
        format!(
            "[Service]\nEnvironment=\"NO_PROXY={hosts}\"\nEnvironment=\"no_proxy=$NO_PROXY\"\n"
        ),
        format!("export NO_PROXY={hosts}\nexport no_proxy='$NO_PROXY'\n"),
        format!("export no_proxy=$NO_PROXY\nexport NO_PROXY={hosts}\n"),
    ] {
        let (code, report) = check(&Home::new(), &text, &["--from", "no-proxy"]);
        assert_eq!((code, counts(&report)[0].0), (1, "unjudged"), "{text}\n{report:#}");
    }
    // A script that sets the variable and does nothing else.
    let sets = "#!/bin/sh\n# our proxy\nexport NO_PROXY=localhost,.corp.local\n";
    let home = Home::new();
    let (code, report) = check(&home, sets, &[]);
    assert_eq!((code, counts(&report)), (0, vec![("ok", 3)]), "{report:#}");
    let (code, report) = check(&home, &format!("{sets}iptables -A OUTPUT -j DROP\n"), &[]);
    assert_eq!((code, &report["files"][0]["format"]), (1, &serde_json::Value::Null));
}

#[test]
fn spreadsheets_and_bicep_are_not_judged_but_read() {
    let home = Home::new();
    let csv = "Ticket,FQDN\n1,contoso.azurecr.io\n";
    for (text, why) in [
        (csv.to_owned(), "hosts stand in the column 'FQDN'"),
        (written(&home, &["bicep"]), "az bicep build"),
    ] {
        let (code, report) = check(&home, &text, &[]);
        assert_eq!(code, 1);
        assert!(report["unjudged"][0]["why"].as_str().unwrap().contains(why), "{report:#}");
    }
}

#[test]
fn rules_of_other_firewalls_that_once_fooled_the_check_no_longer_do() {
    let home = Home::new();
    let [palo, forti, istio] =
        ["paloalto", "fortigate", "istio"].map(|format| written(&home, &[format]));
    let palo_with = |line: &str| format!("{palo}{line}\n");
    let forti_with = |lines: &str| format!("{forti}{lines}\nend\n");
    let policy = |options: &str| {
        forti_with(&format!(
            "config firewall policy\nedit 0\n{options}\nset schedule always\nset service ALL\nset action accept\nnext"
        ))
    };
    let istio_with = |document: &str| format!("{istio}---\n{document}\n");
    expect_not_green(&[
        // A later command replaces the value; another narrows the service, or changes the order.
        palo_with("set rulebase security rules az-acr action deny"),
        palo_with("set rulebase security rules az-acr disabled yes"),
        palo_with(
            "set service service-https protocol tcp source-port 1000\nset service service-https protocol tcp port 443",
        ),
        palo_with(
            "set shared pre-rulebase security rules no from any to any destination any action deny",
        ),
        palo_with(
            "set rulebase default-security-rules rules interzone-default action allow log-end yes",
        ),
        palo_with("delete\trulebase security rules az-acr"),
        // Commands that change what stands before them, another family, other tables.
        forti_with("config firewall policy\nmove 2 before 1"),
        forti_with("config firewall addrgrp\nedit az-acr\nappend member all\nnext"),
        policy("set srcaddr6 all\nset dstaddr6 all"),
        policy("set internet-service-src enable\nset dstaddr all"),
        forti_with(
            "config firewall policy6\nedit 1\nset srcaddr all\nset dstaddr all\nset action accept\nnext",
        ),
        forti_with("config system settings\nset ngfw-mode policy-based"),
        forti.replace("set action accept", "set action accept\nset tos 0x10"),
        // The mesh's settings stand in several places, and entries lead to addresses and ports.
        istio_with("meshConfig:\n  outboundTrafficPolicy:\n    mode: ALLOW_ANY"),
        istio_with("apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {}"),
        istio_with(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nspec: {host: '*.azurecr.io', trafficPolicy: {tls: {mode: SIMPLE}}}",
        ),
        istio.replace("  resolution: NONE", "  addresses: [240.0.0.5]\n  resolution: NONE"),
        // Values that cannot be read, and a setting beside rules of another language.
        "NO_PROXY=$INTERNAL,.corp.example\n".to_owned(),
        "spec:\n  noProxy:\n    - .azurecr.io\n".to_owned(),
        istio_with("apiVersion: v1\nkind: ConfigMap\ndata:\n  no_proxy: localhost")
            .replace("contoso.azurecr.io\"\n", "*.azurecr.io\"\n"),
    ]);
}

#[test]
fn envoy_chooses_the_chain_with_the_most_specific_name() {
    let chain = |names: &str, cluster: &str| {
        format!(
            "    - filter_chain_match: {{server_names: [{names}]}}\n      filters:\n      - name: tcp\n        typed_config:\n          \"@type\": \
             type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n          cluster: {cluster}\n"
        )
    };
    let config = |chains: &[String]| {
        format!(
            "static_resources:\n  clusters: [{{name: out, type: ORIGINAL_DST}}, {{name: none}}]\n  listeners:\n  - address: {{socket_address: {{address: 0.0.0.0, \
             port_value: 443}}}}\n    listener_filters: [{{name: envoy.filters.listener.tls_inspector}}]\n    filter_chains:\n{}",
            chains.concat()
        )
    };
    let hosts = each("HOST").lines().collect::<Vec<_>>().join(", ");
    let named = chain(&hosts, "out");
    let right = config(&[named.clone(), chain("'*.azurecr.io'", "none")]);
    expect(
        &[],
        &[
            (right.clone(), vec![("ok", 3)]),
            (
                config(&[named.clone(), chain("'*.azurecr.io'", "out")]),
                vec![("tooBroad", 1), ("ok", 3)],
            ),
            (config(&[chain(&hosts, "none")]), vec![("denied", 3)]),
            (config(&[chain("contoso.azurecr.io", "out")]), vec![("missing", 2), ("ok", 1)]),
            (right.replace("tls_inspector", "proxy_protocol"), vec![("unjudged", 5)]),
        ],
    );
}

#[test]
fn configurations_of_haproxy_that_once_fooled_the_check_no_longer_do() {
    let home = Home::new();
    let haproxy = |frontend: &str, server: &str| {
        format!(
            "defaults\n mode tcp\nfrontend tls\n bind :443\n tcp-request inspect-delay 5s\n{frontend}\n tcp-request content accept if {{ req_ssl_hello_type 1 }}\n \
             use_backend out if {{ req_ssl_sni -i contoso.azurecr.io contoso.eastus.data.azurecr.io contoso.westus.data.azurecr.io }}\nbackend out\n server any {server}\n"
        )
    };
    let (code, report) = check(&home, &haproxy("", "0.0.0.0:0"), &[]);
    assert_eq!((code, counts(&report)), (0, vec![("ok", 3)]), "{report:#}");
    expect_not_green(&[
        // What HAProxy decides when it starts, what it inherits, where its servers lead.
        haproxy("", "203.0.113.9:443"),
        haproxy("", "0.0.0.0:8443"),
        haproxy("", "0.0.0.0:0 ssl verify none"),
        haproxy(".if FALSE\n.endif", "0.0.0.0:0"),
        haproxy(" tcp-request connection silent-drop if { src 10.0.0.0/8 }", "0.0.0.0:0"),
        haproxy("", "0.0.0.0:0")
            .replace(" mode tcp\nfrontend", " mode tcp\n default_backend out\nfrontend"),
        haproxy(" use_backend out if { req_ssl_hello_type 0:5 }", "0.0.0.0:0"),
        haproxy(
            " tcp-request content accept if { req.ssl_sni -m end x.io } or { req.len gt 0 }",
            "0.0.0.0:0",
        ),
    ]);
}
