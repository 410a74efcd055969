//! Configurations of firewalls that no program here can judge, with what their vendors' documentation says of them.

use crate::firewall::{check, counts, rules};
use crate::home::Home;
use serde_json::json;

const HOSTS: [&str; 3] =
    ["contoso.azurecr.io", "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"];

/// What becomes of the needed hosts, and of strangers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// All are allowed, and no stranger passes.
    Ok,
    /// Strangers pass.
    TooBroad,
    /// A needed host is refused.
    Refused,
    /// Nobody can tell.
    Unjudged,
}

fn verdict(home: &Home, text: &str) -> Verdict {
    let (code, report) = check(home, text, &[]);
    let found: Vec<&str> = counts(&report).iter().map(|(kind, _)| *kind).collect();
    let verdict = if found == ["ok"] {
        Verdict::Ok
    } else if found.contains(&"missing") || found.contains(&"denied") {
        Verdict::Refused
    } else if found.contains(&"tooBroad") {
        Verdict::TooBroad
    } else {
        Verdict::Unjudged
    };
    assert_eq!(code, i32::from(verdict != Verdict::Ok), "{report:#}");
    verdict
}

fn expect(cases: &[(&str, String, Verdict)]) {
    let home = Home::new();
    for (name, text, expected) in cases {
        assert_eq!(verdict(&home, text), *expected, "{name}:\n{text}");
    }
}

/// A collection of application rules.
fn collection(action: &str, hosts: &[&str]) -> serde_json::Value {
    json!({
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "acr",
        "priority": 100,
        "action": {"type": action},
        "rules": [{
            "ruleType": "ApplicationRule",
            "name": "acr",
            "protocols": [{"protocolType": "Https", "port": 443}],
            "sourceAddresses": ["*"],
            "targetFqdns": hosts,
        }],
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn policies_of_azure_firewall_are_told_apart_in_templates() {
    const POLICY: &str = "Microsoft.Network/firewallPolicies";
    const GROUP: &str = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
    let policy = |name: &str, properties: serde_json::Value| json!({"type": POLICY, "name": name, "properties": properties});
    let group = |name: &str, collection: serde_json::Value| json!({"type": GROUP, "name": name, "properties": {"priority": 500, "ruleCollections": [collection]}});
    let template = |resources: &[serde_json::Value]| json!({"resources": resources}).to_string();
    let (base, team) = ("[parameters('base')]", "[parameters('team')]");
    let of = |policy: &str| {
        format!("[format('{{0}}/{{1}}', {}, 'acr')]", policy.trim_matches(['[', ']']))
    };
    let child = |id: &str| policy(team, json!({"basePolicy": {"id": id}}));
    let id = "[resourceId('Microsoft.Network/firewallPolicies', parameters('base'))]";
    let allow = || collection("Allow", &HOSTS);
    let names = json!({
        "ruleType": "NetworkRule", "name": "acr", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
        "destinationFqdns": HOSTS, "destinationPorts": ["443"],
    });
    let mut network = allow();
    network["rules"] = json!([names]);
    let with_proxy = |enabled: bool| {
        template(&[
            policy("p", json!({"dnsSettings": {"enableProxy": enabled}})),
            group("p/acr", network.clone()),
        ])
    };
    let draft = json!({"type": format!("{GROUP}/ruleCollectionGroupDrafts"), "name": "p/acr/default",
        "properties": {"priority": 500, "ruleCollections": [allow()]}});
    let firewall = json!({"type": "Microsoft.Network/azureFirewalls", "name": "fw", "properties": {
        "firewallPolicy": {"id": "p"}, "networkRuleCollections": [], "applicationRuleCollections": []}});
    expect(&[
        (
            "a parent that denies comes before its child",
            template(&[
                policy(base, json!({})),
                child(id),
                group(&of(base), collection("Deny", &["*.azurecr.io"])),
                group(&of(team), allow()),
            ]),
            Verdict::Refused,
        ),
        (
            "a parent that is not in the file",
            template(&[child("/x/firewallPolicies/hub"), group(&of(team), allow())]),
            Verdict::Unjudged,
        ),
        (
            "two firewalls",
            template(&[
                policy(base, json!({})),
                policy(team, json!({})),
                group(&of(base), collection("Allow", &HOSTS[..1])),
                group(&of(team), collection("Allow", &HOSTS[1..])),
            ]),
            Verdict::Unjudged,
        ),
        ("names in network rules with a DNS proxy", with_proxy(true), Verdict::Ok),
        ("names in network rules without a DNS proxy", with_proxy(false), Verdict::Unjudged),
        ("a draft does nothing", template(&[draft]), Verdict::Refused),
        (
            "an export of a firewall with its policy",
            template(&[firewall, policy("p", json!({})), group("p/acr", allow())]),
            Verdict::Ok,
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn policies_of_terraform_are_told_apart() {
    let policy = |name: &str| {
        json!({"address": format!("azurerm_firewall_policy.{name}"), "mode": "managed", "type": "azurerm_firewall_policy",
            "values": {"name": name, "base_policy_id": ""}})
    };
    let group = |name: &str, hosts: &[&str], id: Option<&str>| {
        let rule = json!({"name": "acr", "source_addresses": ["*"], "destination_fqdns": hosts, "protocols": [{"type": "Https", "port": 443}]});
        let collection = json!({"name": "acr", "priority": 100, "action": "Allow", "rule": [rule]});
        let mut values =
            json!({"name": name, "priority": 500, "application_rule_collection": [collection]});
        if let Some(id) = id {
            values["firewall_policy_id"] = json!(id);
        }
        json!({"address": format!("group.{name}"), "mode": "managed",
            "type": "azurerm_firewall_policy_rule_collection_group", "values": values})
    };
    let state = |resources: &[serde_json::Value]| {
        json!({"terraform_version": "1.9.0", "values": {"root_module": {"resources": resources}}})
            .to_string()
    };
    let plan = |resources: &[serde_json::Value], new: &[&str]| {
        let changes: Vec<serde_json::Value> = new
            .iter()
            .map(|name| json!({"address": format!("group.{name}"), "change": {"after_unknown": {"firewall_policy_id": true}}}))
            .collect();
        json!({"terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": resources}}, "resource_changes": changes})
            .to_string()
    };
    let deployed = |values: serde_json::Value| {
        let kind = "azurerm_subscription_template_deployment";
        let deployment = json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "values": values});
        state(&[policy("prod"), group("prod", &HOSTS, Some("/x/prod")), deployment])
    };
    let template_of = |kind: &str| json!({"template_content": format!(r#"{{"resources":[{{"type":"{kind}"}}]}}"#)});
    let hcl = r#"resource "azurerm_firewall_policy_rule_collection_group" "acr" {
  firewall_policy_id = azurerm_firewall_policy.hub.id
  priority           = 500
  application_rule_collection {
    priority = 100
    action   = "Allow"
    rule {
      source_addresses  = ["*"]
      destination_fqdns = ["contoso.azurecr.io", "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"]
      protocols {
        type = "Https"
        port = 443
      }
    }
  }
}
"#;
    let module =
        "module \"more\" {\n  source = \"./rules\"\n  policy = azurerm_firewall_policy.hub.id\n}\n";
    let other = "module \"network\" {\n  source = \"./network\"\n}\n";
    expect(&[
        (
            "a state writes an empty parent",
            state(&[policy("prod"), group("prod", &HOSTS, Some("/x/prod"))]),
            Verdict::Ok,
        ),
        (
            "two policies that the plan makes",
            plan(
                &[group("prod", &HOSTS[..1], None), group("dev", &HOSTS[1..], None)],
                &["prod", "dev"],
            ),
            Verdict::Unjudged,
        ),
        (
            "two groups of the only policy",
            plan(
                &[policy("hub"), group("a", &HOSTS[..1], None), group("b", &HOSTS[1..], None)],
                &["a", "b"],
            ),
            Verdict::Ok,
        ),
        (
            "a template without firewalls",
            deployed(template_of("Microsoft.Sql/servers/firewallRules")),
            Verdict::Ok,
        ),
        (
            "a template with one",
            deployed(template_of("Microsoft.Network/FirewallPolicies")),
            Verdict::Unjudged,
        ),
        ("a template that is not there", deployed(json!({})), Verdict::Unjudged),
        ("one of them", plan(&[group("prod", &HOSTS, None)], &["prod"]), Verdict::Ok),
        (
            "a firewall of another cloud",
            "resource \"azurerm_firewall_policy_rule_collection_group_x\" \"x\" {\n}\n".to_owned(),
            Verdict::Unjudged,
        ),
        (
            "a plan that failed",
            plan(&[group("prod", &HOSTS, None)], &["prod"]).replacen('{', "{\"errored\": true,", 1),
            Verdict::Unjudged,
        ),
        ("a module that gets the policy", format!("{hcl}{module}"), Verdict::Unjudged),
        ("a module that does not", format!("{hcl}{other}"), Verdict::Ok),
    ]);
}

/// A policy that Kubernetes has for whole clusters.
const CLUSTER_POLICY: &str = "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: n}\nspec: {tier: Admin}\n";

/// A policy of Cilium with a DNS rule.
fn cilium(dns: &str) -> String {
    let names: Vec<String> = HOSTS.iter().map(|host| format!("{{matchName: {host}}}")).collect();
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: acr, namespace: build}}\nspec:\n  endpointSelector: {{}}\n  egress:\n\
         {dns}  - toFQDNs: [{}]\n    toPorts: [{{ports: [{{port: \"443\", protocol: TCP}}]}}]\n",
        names.join(", ")
    )
}

#[test]
fn cilium_learns_names_from_the_dns_servers_that_a_rule_reaches() {
    let dns = |to: &str, rules: &str| {
        format!("  - {to}\n    toPorts: [{{ports: [{{port: \"53\", protocol: ANY}}]{rules}}}]\n")
    };
    let all = ", rules: {dns: [{matchPattern: \"*\"}]}";
    let servers = "toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]";
    let ingress = "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web, namespace: shop}\n\
                   spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}\n";
    let metrics =
        "  - toEntities: [cluster]\n    toPorts: [{ports: [{port: metrics, protocol: TCP}]}]\n";
    expect(&[
        ("the cluster's servers", cilium(&dns(servers, all)), Verdict::Ok),
        (
            "pods of the policy's own namespace",
            cilium(&dns("toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]", all)),
            Verdict::Unjudged,
        ),
        (
            "the policy's own namespace, by its name",
            cilium(&dns(
                "toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: build, k8s-app: kube-dns}}]",
                all,
            )),
            Verdict::Unjudged,
        ),
        (
            "servers of another distribution",
            cilium(&dns(
                "toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: openshift-dns}}]",
                all,
            )),
            Verdict::Ok,
        ),
        (
            "the API server is no DNS server",
            cilium(&dns("toEntities: [kube-apiserver]", all)),
            Verdict::Unjudged,
        ),
        (
            "addresses do not stand for pods",
            cilium(&dns("toCIDR: [\"10.96.0.10/32\"]", all)),
            Verdict::Unjudged,
        ),
        (
            "names from elsewhere are not learned",
            cilium(&format!(
                "{}{}",
                dns(servers, ", rules: {dns: [{matchPattern: \"*.corp.example\"}]}"),
                dns("toCIDR: [\"10.1.0.53/32\"]", "")
            )),
            Verdict::Unjudged,
        ),
        (
            "a policy for ingress alone",
            format!("{}{ingress}", cilium(&dns(servers, all))),
            Verdict::Ok,
        ),
        ("a port with a name", cilium(&format!("{}{metrics}", dns(servers, all))), Verdict::Ok),
    ]);
}

#[test]
fn calico_sees_pods_and_forgets_names_in_rules_that_deny() {
    let names = format!(
        "{{action: Allow, protocol: TCP, destination: {{domains: [{}], ports: [443]}}}}",
        HOSTS.join(", ")
    );
    let policy = |kind: &str, rules: &[&str]| {
        let rules: String =
            rules.iter().map(|rule| format!("  - {rule}\n")).collect::<Vec<_>>().concat();
        format!(
            "apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: acr, namespace: build}}\nspec:\n  selector: all()\n  types: [Egress]\n  egress:\n{rules}"
        )
    };
    let dns = "{action: Allow, protocol: UDP, destination: {ports: [53]}}";
    let own = "{action: Allow, protocol: UDP, destination: {selector: \"k8s-app == 'kube-dns'\", ports: [53]}}";
    let global = |rules: &[&str]| policy("GlobalNetworkPolicy", &[&[dns, &names], rules].concat());
    let bad = "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: bad, labels: {bad: all}}\nspec: {allowedEgressDomains: ['*']}\n";
    let denies_set =
        global(&["{action: Deny, destination: {selector: \"bad == 'all'\"}}", "{action: Allow}"]);
    expect(&[
        ("servers in any namespace", policy("GlobalNetworkPolicy", &[own, &names]), Verdict::Ok),
        ("servers in its own", policy("NetworkPolicy", &[own, &names]), Verdict::Unjudged),
        (
            "private networks hold no stranger",
            global(&["{action: Allow, destination: {nets: [10.0.0.0/8]}}"]),
            Verdict::Ok,
        ),
        (
            "a part of IPv6 is open",
            global(&["{action: Allow, protocol: TCP, destination: {nets: ['2000::/3']}}"]),
            Verdict::TooBroad,
        ),
        (
            "IPv6 alone is refused",
            global(&["{action: Deny, destination: {nets: ['::/0']}}", "{action: Allow}"]),
            Verdict::TooBroad,
        ),
        ("names do not deny", format!("{denies_set}{bad}"), Verdict::TooBroad),
        (
            "an action that Calico refuses",
            global(&[]).replace("action: Allow", "action: allow"),
            Verdict::Unjudged,
        ),
        ("a policy of clusters", format!("{}{CLUSTER_POLICY}", global(&[])), Verdict::Unjudged),
        (
            "no registry has the address of the metadata service",
            policy(
                "GlobalNetworkPolicy",
                &["{action: Deny, destination: {nets: [169.254.169.254/32]}}", dns, &names],
            ),
            Verdict::Ok,
        ),
    ]);
}

#[test]
fn istio_opens_addresses_of_tcp_and_ways_around_its_proxy() {
    let entry = |hosts: &str, more: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: a, namespace: istio-system}}\nspec:\n  hosts: [{hosts}]\n  location: MESH_EXTERNAL\n{more}"
        )
    };
    let names = entry(
        &HOSTS.join(", "),
        "  resolution: DNS\n  ports: [{number: 443, name: tls, protocol: TLS}]\n",
    );
    let tcp = |addresses: &str| {
        let more = format!(
            "  addresses: [{addresses}]\n  resolution: NONE\n  ports: [{{number: 443, name: tcp, protocol: TCP}}]\n"
        );
        format!("{names}{}", entry("internal.example", &more))
    };
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: \"443\"}\n";
    let proxy = |setting: &str| {
        format!(
            "{names}---\nmeshConfig: {{outboundTrafficPolicy: {{mode: REGISTRY_ONLY}}}}\nglobal: {{proxy: {{{setting}}}}}\n"
        )
    };
    expect(&[
        ("private addresses", tcp("10.1.0.0/16"), Verdict::Ok),
        ("public ranges", tcp("20.0.0.0/8, 40.64.0.0/10"), Verdict::Unjudged),
        ("nothing goes around the proxy", proxy("includeIPRanges: \"*\""), Verdict::Ok),
        ("all but one range does", proxy("includeIPRanges: \"10.0.0.0/8\""), Verdict::Unjudged),
        ("a port does", proxy("excludeOutboundPorts: \"443\""), Verdict::Unjudged),
        ("another port does", proxy("excludeOutboundPorts: \"3306\""), Verdict::Ok),
        ("a local address does", proxy("excludeIPRanges: 169.254.169.254/32"), Verdict::Ok),
        ("a pod's port does", format!("{names}{pod}"), Verdict::Unjudged),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn fortios_backups_are_judged_with_what_they_all_have() {
    let addresses: Vec<String> = HOSTS
        .iter()
        .map(|host| format!("edit {host}\nset type fqdn\nset fqdn {host}\nnext\n"))
        .collect();
    let policy = |number: u32, options: &str| {
        format!(
            "edit {number}\nset srcintf lan\nset dstintf wan\nset schedule always\n{options}\nnext\n"
        )
    };
    let firewall = |more_addresses: &str, policies: &[String]| {
        format!(
            "config firewall address\n{}{more_addresses}end\nconfig firewall addrgrp\nedit acr\nset member {}\nnext\nend\n\
             config firewall service custom\nedit ALL\nset protocol IP\nnext\nedit PING\nset protocol ICMP\nnext\nend\n\
             config firewall policy\n{}end\n",
            addresses.concat(),
            HOSTS.join(" "),
            policies.concat()
        )
    };
    let allow = policy(1, "set srcaddr all\nset dstaddr acr\nset service ALL\nset action accept");
    let with = |more: &str| firewall("", &[allow.clone(), policy(2, more)]);
    let sensors = "config ips sensor\nedit a\nconfig entries\nedit 1\nnext\nend\nnext\nedit b\nconfig entries\nedit 1\nnext\nend\nnext\nend\n";
    let own = firewall("", std::slice::from_ref(&allow));
    let internal = "edit internal\nset subnet 10.0.0.0 255.0.0.0\nnext\n";
    let acl = |status: &str| {
        format!(
            "{own}config firewall acl\nedit 1\n{status}set srcaddr all\nset dstaddr all\nset service HTTPS\nnext\nend\n"
        )
    };
    expect(&[
        ("nested tables with the same names", format!("{sensors}{own}"), Verdict::Ok),
        (
            "a virtual domain",
            format!("config vdom\nedit root\nnext\nend\nconfig vdom\nedit root\n{own}next\nend\n"),
            Verdict::Ok,
        ),
        (
            "ping",
            with("set srcaddr all\nset dstaddr all\nset service PING\nset action accept"),
            Verdict::Ok,
        ),
        (
            "a private network",
            firewall(
                internal,
                &[
                    allow.clone(),
                    policy(
                        2,
                        "set srcaddr all\nset dstaddr internal\nset service ALL\nset action accept",
                    ),
                ],
            ),
            Verdict::Ok,
        ),
        (
            "IPv6 alone is refused",
            firewall(
                "",
                &[
                    allow.clone(),
                    policy(
                        2,
                        "set srcaddr6 all\nset dstaddr6 all\nset service ALL\nset action deny",
                    ),
                    policy(
                        3,
                        "set srcaddr all\nset dstaddr all\nset service ALL\nset action accept",
                    ),
                ],
            ),
            Verdict::TooBroad,
        ),
        ("access control lists come first", acl(""), Verdict::Unjudged),
        ("a disabled one", acl("set status disable\n"), Verdict::Ok),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn pan_os_rulebases_and_wildcards_are_read() {
    let category = |entries: &str| {
        format!(
            "set profiles custom-url-category acr list [ {entries} ]\n\
             set rulebase security rules acr from trust to untrust source any destination any application any service service-https category acr action allow\n"
        )
    };
    let own = category(&HOSTS.map(|host| format!("{host}/")).join(" "));
    let with = |lines: &str| format!("{own}{lines}\n");
    let decryption = |words: &[&str]| {
        let lines: Vec<String> = words
            .iter()
            .map(|words| format!("set rulebase decryption rules all {words}"))
            .collect();
        with(&lines.join("\n"))
    };
    let any = "from any to any source any application any service any";
    expect(&[
        (
            "rules of NAT have words of their own",
            with("set rulebase nat rules a service any\nset rulebase nat rules b service any"),
            Verdict::Ok,
        ),
        (
            "forwarding that discards",
            with("set rulebase pbf rules a action discard"),
            Verdict::Unjudged,
        ),
        (
            "DoS protection that denies",
            with("set rulebase dos rules a action deny"),
            Verdict::Unjudged,
        ),
        (
            "a private network",
            with(&format!(
                "set address internal ip-netmask 10.0.0.0/8\nset rulebase security rules b {any} destination internal action allow"
            )),
            Verdict::Ok,
        ),
        (
            "IPv6 alone is refused",
            with(&format!(
                "set rulebase security rules b {any} destination ::/0 action deny\nset rulebase security rules c {any} destination any action allow"
            )),
            Verdict::TooBroad,
        ),
        ("any ending", category("contoso.*/"), Verdict::TooBroad),
        (
            "any domain in the middle",
            category("contoso.^.io/ contoso.^.data.azurecr.io/"),
            Verdict::TooBroad,
        ),
        (
            "any region of one registry",
            category("contoso.azurecr.io/ contoso.^.data.azurecr.io/"),
            Verdict::Ok,
        ),
        ("it decrypts", decryption(&["action decrypt"]), Verdict::Unjudged),
        ("it does not any more", decryption(&["action decrypt", "action no-decrypt"]), Verdict::Ok),
        (
            "it does again",
            decryption(&["action decrypt", "disabled yes", "disabled no"]),
            Verdict::Unjudged,
        ),
        (
            "words in brackets are no options",
            decryption(&["tag [ disabled yes ] action decrypt"]),
            Verdict::Unjudged,
        ),
    ]);
}

/// A name, and what it makes of a file.
type Change<'a> = (&'a str, &'a dyn Fn(&str) -> String);

/// What az-acr writes for a format, which is green by itself, with something else in the same file.
fn expect_to_doubt(format: &[&str], cases: &[Change<'_>]) {
    let home = Home::new();
    let written =
        rules(&home, &[&["-n", "contoso", "--planned", "--format"], format].concat()).quiet();
    let verdict = |text: &str| check(&home, text, &["--from", format[0], "--part"]).0;
    assert_eq!(verdict(&written), 0, "{written}");
    for (name, change) in cases {
        let changed = change(&written);
        assert_ne!(changed, written, "{name}");
        assert_eq!(verdict(&changed), 1, "{name}:\n{changed}");
    }
}

#[test]
fn objects_of_kubernetes_beside_policies_are_not_forgotten() {
    let pod = |annotation: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, annotations: {{traffic.sidecar.istio.io/{annotation}}}}}\n"
        )
    };
    let policy = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {}, policyTypes: [Egress]}\n";
    let settings = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {enable-l7-proxy: \"false\"}\n";
    expect_to_doubt(
        &["istio"],
        &[
            ("ranges around a proxy", &|own| {
                own.to_owned() + &pod("excludeOutboundIPRanges: 0.0.0.0/0")
            }),
            ("ranges for it alone", &|own| {
                own.to_owned() + &pod("includeOutboundIPRanges: 10.0.0.0/8")
            }),
            ("a policy", &|own| own.to_owned() + policy),
            ("a policy of clusters", &|own| own.to_owned() + CLUSTER_POLICY),
        ],
    );
    expect_to_doubt(
        &["cilium"],
        &[
            ("a policy of clusters", &|own| own.to_owned() + CLUSTER_POLICY),
            ("no proxy for DNS", &|own| own.to_owned() + settings),
            ("another namespace's pods", &|own| own.replace("kube-system", "monitoring")),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn other_parts_of_a_configuration_are_not_forgotten() {
    let after = |more: &'static str| move |own: &str| format!("{own}\n{more}\n");
    expect_to_doubt(
        &["paloalto"],
        &[
            (
                "a rule of one device",
                &after(
                    "set rulebase security rules az-acr target devices 007051\nset rulebase security rules az-acr target negate no",
                ),
            ),
            (
                "an application override",
                &after(
                    "set rulebase application-override rules o protocol tcp\nset rulebase application-override rules o port 400-500",
                ),
            ),
            (
                "a login first",
                &after("set rulebase authentication rules a authentication-enforcement web-form"),
            ),
        ],
    );
    expect_to_doubt(
        &["fortigate"],
        &[
            ("another name's addresses are refused first", &|own: &str| {
                let other = "config firewall address\nedit other\nset type fqdn\nset fqdn fabrikam.azurecr.io\nnext\nend\n";
                let deny = "config firewall policy\nedit 900\nset srcintf any\nset dstintf any\nset srcaddr all\nset dstaddr other\nset service ALL\nset schedule always\nset action deny\nnext\n";
                other.to_owned() + &own.replacen("config firewall policy\n", deny, 1)
            }),
            (
                "another always",
                &after(
                    "config firewall schedule recurring\nedit always\nset day monday\nnext\nend",
                ),
            ),
            (
                "another all",
                &after(
                    "config firewall address\nedit all\nset subnet 10.9.0.0 255.255.0.0\nnext\nend",
                ),
            ),
        ],
    );
    expect_to_doubt(
        &["no-proxy", "--as", "systemd"],
        &[
            ("a reset", &after("[Service]\nEnvironment=\nEnvironment=HTTPS_PROXY=http://p")),
            ("a variable taken back", &after("UnsetEnvironment=NO_PROXY")),
            ("a file of variables", &after("EnvironmentFile=-/etc/default/docker")),
        ],
    );
    expect_to_doubt(
        &["terraform"],
        &[(
            "a module with a policy",
            &after("module \"m\" {\n  source = \"./m\"\n  firewall_policy_id = var.x\n}"),
        )],
    );
    // In strict order, what may drop before a pass counts; a content belongs to the buffer before it.
    let strict = |own: &str| {
        let drop = r#"drop tls any any -> any any (tls.sni; content:\".azurecr.io\"; endswith; ja4.hash; content:\"t13d\"; startswith; sid:5;)\n"#;
        own.replace("\"RulesString\": \"", &format!("\"RulesString\": \"{drop}")).replacen(
            '{',
            "{\"StatefulRuleOptions\": {\"RuleOrder\": \"STRICT_ORDER\"},",
            1,
        )
    };
    expect_to_doubt(&["aws-network-firewall"], &[("a drop that may match", &strict)]);
}
