# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_az_acr_global_optspecs
    string join \n o/output= query= subscription= cloud= only-show-errors verbose debug h/help V/version
end

function __fish_az_acr_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_az_acr_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_az_acr_using_subcommand
    set -l cmd (__fish_az_acr_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c az-acr -n "__fish_az_acr_needs_command" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_needs_command" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_needs_command" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_needs_command" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_needs_command" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_needs_command" -s V -l version -d 'Print version'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "show-endpoints" -d 'Show the endpoints of a registry: login server, data endpoints, regional endpoints'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "update" -d 'Update a registry, e.g. enable dedicated data endpoints'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "firewall-rules" -d 'Write firewall rules for clients of registries, or check existing rules'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "check-endpoints" -d 'Check from this machine: endpoints reachable, pulls work, everything else blocked'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "list-endpoints" -d 'List the endpoints of many registries, and which of them still need the wildcard'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "show" -d 'Show a registry'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "list" -d 'List registries'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "replication" -d 'Manage the replicas of a registry'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "network-rule" -d 'Manage network access to a registry'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "private-endpoint-connection" -d 'Manage private endpoint connections of a registry'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "emulator" -d 'Run the embedded emulator for other programs, or reset it'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s n -l name -d 'Names or login servers of registries' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s g -l resource-group -d 'Resource group [default: look the registries up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l with-region -d 'Plan for replicas in these regions as well' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l planned -d 'Show the endpoints after a switch to dedicated data endpoints'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l regional-endpoints -d 'Plan for regional endpoints as well'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l data-endpoint-enabled -d 'Dedicated data endpoints' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l regional-endpoints -d 'Enable a login server in each region (preview)' -r -f -a "Disabled\t''
Enabled\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l endpoint-protocol -d 'IP versions of the endpoints (preview)' -r -f -a "IPv4\t''
IPv4AndIPv6\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l sku -d 'SKU of the registry' -r -f -a "Basic\t''
Premium\t''
Standard\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l public-network-enabled -d 'Access from the public network' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l default-action -d 'Action if no network rule matches (Premium)' -r -f -a "Allow\t''
Deny\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-trusted-services -d 'Trusted Azure services bypass network rules' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l admin-enabled -d 'The admin user' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l anonymous-pull-enabled -d 'Pulls without authentication' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-exports -d 'Export of artifacts (preview)' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-metadata-search -d 'Metadata search (preview)' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l writable-cache-repos -d 'Writes to cache rule repositories (preview)' -r -f -a "Disabled\t''
Enabled\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l role-assignment-mode -d 'Role assignment mode of the registry' -r -f -a "rbac\t''
rbac-abac\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l tags -d 'Tags: key[=value] …; \'\' removes all' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l set -d 'Set properties: path=value …' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l add -d 'Add to a list: path, then key=value, text or JSON' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l remove -d 'Remove a property, or an item: path, then its index' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l what-if -d 'Show what would change, and change nothing'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l force-string -d 'Treat the values of --set and --add as text, not as JSON'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -s n -l name -d 'Names or login servers of registries' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -s g -l resource-group -d 'Resource group [default: look the registries up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l endpoints -d 'Read the output of show-endpoints from files, or - for stdin' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l with-region -d 'Plan for replicas in these regions as well' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l region -d 'Only the endpoints of these regions' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l include -d 'Also what else needs hosts: mcr, tasks-pool, connected-registry, azure-login' -r -f -a "mcr\t'Microsoft\'s own registry of images'
tasks-pool\t'An agent pool of ACR Tasks in a virtual network'
connected-registry\t'A connected registry at the edge'
azure-login\t'A login to Azure, as for `az acr login`'"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l format -d 'list, json, squid, dnsmasq, nftables, rpz, suricata, azure-firewall, terraform, cilium' -r -f -a "list\t''
json\t''
squid\t''
dnsmasq\t''
nftables\t''
rpz\t''
suricata\t''
azure-firewall\t''
terraform\t''
cilium\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l source -d 'Client addresses, for azure-firewall, terraform and --check [default: *]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l priority -d 'Rule priority, for azure-firewall and terraform [default: 500]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l table -d 'Table for nftables and dnsmasq [default: \'inet filter\']' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l check -d 'Files or directories with existing rules to check, or -' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l from -d 'Language of the rules to check [default: by content]' -r -f -a "squid\t''
list\t''
json\t''
dnsmasq\t''
nftables\t''
suricata\t''
azure-firewall\t''
terraform\t''
cilium\t''
unbound\t''
rpz\t''
rpz-unbound\t''
rpz-bind\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l port -d 'With --check, ask about TLS alone: 443' -r -f -a "443\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l hook -d 'With --check, ask about own or forwarded connections alone: output, forward' -r -f -a "output\t''
forward\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l resolve -d 'With --check, the address of a host, where rules know addresses only' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l fail-on -d 'With --check, also fail on: stale' -r -f -a "stale\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l subscriptions -d 'These subscriptions, by name or ID' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l management-group -d 'The subscriptions below a management group' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l planned -d 'Rules for the endpoints after a switch to dedicated data endpoints'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l regional-endpoints -d 'Plan for regional endpoints as well'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l with-management -d 'The same as --include azure-login'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l lockdown -d 'Drop all other web traffic as well: nftables, suricata, cilium'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l whole -d 'With --check, nothing else filters the traffic'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l part -d 'With --check, other rules refuse what these do not decide'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l allow-wildcard -d 'With --check, accept storage accounts of others'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l all-subscriptions -d 'All subscriptions that the login can read'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l allow-partial -d 'Succeed even if something could not be read'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l verify -d 'Ask Azure Resource Manager about each registry, too'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand firewall-rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l endpoints -d 'Read the output of show-endpoints from files, or - for stdin' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l login-server -d 'Check this login server without asking Azure: HOST or HOST:PORT' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l region -d 'Regions of the --login-server; otherwise, check only these regions' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l with-region -d 'Plan for replicas in these regions as well' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l pull -d 'Pull the first bytes of each layer: REPOSITORY[:TAG|@DIGEST]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l platform -d 'Platform of the image [default: linux on this architecture]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l auth -d 'Login for the pull: anonymous, password, azure [default with -n]' -r -f -a "anonymous\t''
password\t''
azure\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -s u -l username -d 'User name for the pull' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l expect-blocked -d 'Hosts that must be blocked, HOST or HOST:PORT' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l timeout -d 'Time limit for each step, in seconds' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l watch -d 'Repeat until everything is ok, for at most this many seconds' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l proxy -d 'Proxy to use instead of HTTPS_PROXY; \'\' for none' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l resolve -d 'Use an address instead of DNS, as in curl: HOST:PORT:ADDRESS' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l connect-to -d 'Connect to another host, as in curl: HOST1:PORT1:HOST2:PORT2' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l subscriptions -d 'These subscriptions, by name or ID' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l management-group -d 'The subscriptions below a management group' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l planned -d 'Check the endpoints as they will be after a switch (not yet in DNS)'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l regional-endpoints -d 'Also check regional endpoints, of the --login-server or planned'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l password-stdin -d 'Read the password from standard input'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l expect-no-storage -d 'Storage accounts must be blocked (public cloud)'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l all-subscriptions -d 'All subscriptions that the login can read'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l allow-partial -d 'Succeed even if something could not be read'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l verify -d 'Ask Azure Resource Manager about each registry, too'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand check-endpoints" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -s n -l name -d 'Only registries with these names or login servers' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -s g -l resource-group -d 'Only registries in this resource group' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -s l -l location -d 'Only registries with their home in these regions' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l sku -d 'Only registries with these SKUs: Basic, Standard, Premium' -r -f -a "Basic\t''
Standard\t''
Premium\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l exposure -d 'Only these: wildcard, unknown, dedicated, private' -r -f -a "wildcard\t''
unknown\t''
dedicated\t''
private\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l tag -d 'Only registries with these tags' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l report -d 'Also write reports: FILE.html, .csv, .md, .sarif or .xml (JUnit)' -r -F
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l exceptions -d 'Findings that were accepted, as CSV: registry,rule,reason,expires' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l mask-key -d 'Key for --mask, so that hashes are the same in every run' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l subscriptions -d 'These subscriptions, by name or ID' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l management-group -d 'The subscriptions below a management group' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l mask -d 'Replace names and ids in reports by hashes'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l all-subscriptions -d 'All subscriptions that the login can read'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l allow-partial -d 'Succeed even if something could not be read'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l verify -d 'Ask Azure Resource Manager about each registry, too'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand list-endpoints" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l raw -d 'Show the JSON of Azure Resource Manager, with properties that az leaves out'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s g -l resource-group -d 'Resource group [default: the whole subscription]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -f -a "list" -d 'List the replicas of a registry'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -f -a "show" -d 'Show a replica'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -f -a "create" -d 'Replicate a registry to another region'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -f -a "update" -d 'Change a replica'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and not __fish_seen_subcommand_from list show create update delete" -f -a "delete" -d 'Delete a replica'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -s n -l name -d 'Name of the replica; usually the name of its region' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s l -l location -d 'Region, e.g. japaneast or \'Japan East\'' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s n -l name -d 'Name of the replica [default: the name of the region]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l global-endpoint-routing -d 'Route requests to the global endpoint to this replica' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l zone-redundancy -d 'Spread the replica over availability zones (preview)' -r -f -a "Disabled\t''
Enabled\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l tags -d 'Tags: key[=value] …' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -s n -l name -d 'Name of the replica; usually the name of its region' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l global-endpoint-routing -d 'Route requests to the global endpoint to this replica' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l tags -d 'Tags: key[=value] …; \'\' removes all' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l set -d 'Set properties: path=value …' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l add -d 'Add to a list: path, then key=value, text or JSON' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l remove -d 'Remove a property, or an item: path, then its index' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l force-string -d 'Treat the values of --set and --add as text, not as JSON'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -s n -l name -d 'Name of the replica; usually the name of its region' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand replication; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -f -a "list" -d 'List the network rules of a registry'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -f -a "add" -d 'Allow an address range or a subnet'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and not __fish_seen_subcommand_from list add remove" -f -a "remove" -d 'Remove a network rule'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l ip-address -d 'IPv4 or IPv6 address, or a CIDR range' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l subnet -d 'Name or id of a subnet (deprecated)' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l vnet-name -d 'The subnet\'s virtual network, if --subnet is a name (deprecated)' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -s n -l name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l ip-address -d 'IPv4 or IPv6 address, or a CIDR range' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l subnet -d 'Name or id of a subnet (deprecated)' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l vnet-name -d 'The subnet\'s virtual network, if --subnet is a name (deprecated)' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand network-rule; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -f -a "list" -d 'List the private endpoint connections of a registry'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -f -a "show" -d 'Show a private endpoint connection'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -f -a "approve" -d 'Approve a private endpoint connection'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -f -a "reject" -d 'Reject a private endpoint connection'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and not __fish_seen_subcommand_from list show approve reject delete" -f -a "delete" -d 'Delete a private endpoint connection'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -s n -l name -d 'Name of the private endpoint connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -s n -l name -d 'Name of the private endpoint connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l description -d 'Reason, shown with the connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -s n -l name -d 'Name of the private endpoint connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l description -d 'Reason, shown with the connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -s n -l name -d 'Name of the private endpoint connection' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -s r -l registry -l registry-name -d 'Name or login server of the registry' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -s g -l resource-group -d 'Resource group [default: look the registry up]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l change-reference -d 'Id of the change that the operation belongs to' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l acquire-policy-token -d 'Acquire an Azure Policy token for the change'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand private-endpoint-connection; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -f -a "start" -d 'Serve the emulator over HTTPS on this machine, for az, SDKs and curl'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -f -a "reset" -d 'Restore the emulator\'s initial registries'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l port -d 'Port; 0 selects a free port' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l address -d 'Address to listen on' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l cert-dir -d 'Directory for ca.pem [default: az-acr/tls in $XDG_STATE_HOME]' -r -F
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l fleet -d 'Serve this many registries more, in many subscriptions' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l request-log -d 'Append each request to a file, one line of JSON each' -r -F
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l fault -d 'Simulate a fault: HOST=slow[:MS], reset, wrong-certificate, untrusted-certificate' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l link-lifetime -d 'How long a link to a layer is valid, in seconds [default: 1200]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l data-plane -d 'Also serve the registries: login servers, data endpoints, storage, an image in each'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -s o -l output -d 'json, jsonc, jsonl, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
jsonl\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l query -d 'JMESPath query to apply to the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l subscription -d 'Name or ID of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l cloud -d 'Cloud that az knows, or \'emulator\' [default: the cloud of az]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l only-show-errors -d 'Show errors only, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l verbose -d 'Show what az-acr does'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l debug -d 'Show the login and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -s h -l help -d 'Print help'
