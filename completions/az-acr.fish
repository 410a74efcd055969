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

complete -c az-acr -n "__fish_az_acr_needs_command" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_needs_command" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_needs_command" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_needs_command" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_needs_command" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_needs_command" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_needs_command" -s V -l version -d 'Print version'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "show-endpoints" -d 'Show the endpoints of a registry: login server, data endpoints, regional endpoints'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "update" -d 'Change a registry, e.g. enable its dedicated data endpoints'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "show" -d 'Show a registry'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "list" -d 'List registries'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "emulator" -d 'Run the embedded Azure for other programs, or reset it'
complete -c az-acr -n "__fish_az_acr_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s n -l name -d 'Registry name or login server [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s g -l resource-group -d 'Its resource group; saves a search [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand show-endpoints" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s n -l name -d 'Registry name or login server [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s g -l resource-group -d 'Its resource group; saves a search [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l data-endpoint-enabled -d 'Dedicated data endpoints' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l regional-endpoints -d 'Login servers of single regions (preview)' -r -f -a "Disabled\t''
Enabled\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l endpoint-protocol -d 'IP versions of the endpoints (preview)' -r -f -a "IPv4\t''
IPv4AndIPv6\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l sku -d 'SKU of the registry' -r -f -a "Basic\t''
Premium\t''
Standard\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l public-network-enabled -d 'Access from the public network' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l default-action -d 'When no network rule matches (Premium)' -r -f -a "Allow\t''
Deny\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-trusted-services -d 'Trusted Azure services pass network rules' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l admin-enabled -d 'The admin user' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l anonymous-pull-enabled -d 'Pulls without a login' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-exports -d 'Export of artifacts (preview)' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l allow-metadata-search -d 'The metadata search (preview)' -r -f -a "true\t''
false\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l writable-cache-repos -d 'Writes to cache rules\' repositories (preview)' -r -f -a "Disabled\t''
Enabled\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l role-assignment-mode -d 'Role assignment mode' -r -f -a "rbac\t''
rbac-abac\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l tags -d 'Tags: key[=value] …; \'\' removes all' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand update" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s n -l name -d 'Registry name or login server [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s g -l resource-group -d 'Its resource group; saves a search [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand show" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s g -l resource-group -d 'Resource group; without it all of the subscription [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand list" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -f -a "start" -d 'Serve the emulator over HTTPS on this machine, for az, SDKs and curl'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and not __fish_seen_subcommand_from start reset" -f -a "reset" -d 'Bring the emulator\'s first world back'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l port -d 'Port on 127.0.0.1; 0 takes a free one' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l cert-dir -d 'Directory for ca.pem [default: az-acr/tls in $XDG_STATE_HOME]' -r -F
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l request-log -d 'Append each request to a file, a line of JSON each' -r -F
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand emulator; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -s o -l output -d 'json, jsonc, yaml, yamlc, table, tsv or none' -r -f -a "json\t''
jsonc\t''
none\t''
table\t''
tsv\t''
yaml\t''
yamlc\t''"
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l query -d 'JMESPath query on the result' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l subscription -d 'Name or id of the subscription' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l cloud -d 'A cloud that az knows, or \'emulator\' [default: az\'s]' -r
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l only-show-errors -d 'Show only errors, no warnings'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l verbose -d 'Say what is being done'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -l debug -d 'Show the login that is used and every request'
complete -c az-acr -n "__fish_az_acr_using_subcommand completion" -s h -l help -d 'Print help'
