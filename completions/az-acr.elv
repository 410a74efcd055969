
use builtin;
use str;

set edit:completion:arg-completer[az-acr] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'az-acr'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'az-acr'= {
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show-endpoints 'Show the endpoints of a registry: login server, data endpoints, regional endpoints'
            cand update 'Change a registry, e.g. enable its dedicated data endpoints'
            cand show 'Show a registry'
            cand list 'List registries'
            cand emulator 'Run the embedded Azure for other programs, or reset it'
            cand completion 'Print a completion script for a shell'
        }
        &'az-acr;show-endpoints'= {
            cand -n 'Registry name or login server [default: az''s]'
            cand --name 'Registry name or login server [default: az''s]'
            cand -g 'Its resource group; saves a search [default: az''s]'
            cand --resource-group 'Its resource group; saves a search [default: az''s]'
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;update'= {
            cand -n 'Registry name or login server [default: az''s]'
            cand --name 'Registry name or login server [default: az''s]'
            cand -g 'Its resource group; saves a search [default: az''s]'
            cand --resource-group 'Its resource group; saves a search [default: az''s]'
            cand --data-endpoint-enabled 'Dedicated data endpoints'
            cand --regional-endpoints 'Login servers of single regions (preview)'
            cand --endpoint-protocol 'IP versions of the endpoints (preview)'
            cand --sku 'SKU of the registry'
            cand --public-network-enabled 'Access from the public network'
            cand --default-action 'When no network rule matches (Premium)'
            cand --allow-trusted-services 'Trusted Azure services pass network rules'
            cand --admin-enabled 'The admin user'
            cand --anonymous-pull-enabled 'Pulls without a login'
            cand --allow-exports 'Export of artifacts (preview)'
            cand --allow-metadata-search 'The metadata search (preview)'
            cand --writable-cache-repos 'Writes to cache rules'' repositories (preview)'
            cand --role-assignment-mode 'Role assignment mode'
            cand --tags 'Tags: key[=value] …; '''' removes all'
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;show'= {
            cand -n 'Registry name or login server [default: az''s]'
            cand --name 'Registry name or login server [default: az''s]'
            cand -g 'Its resource group; saves a search [default: az''s]'
            cand --resource-group 'Its resource group; saves a search [default: az''s]'
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;list'= {
            cand -g 'Resource group; without it all of the subscription [default: az''s]'
            cand --resource-group 'Resource group; without it all of the subscription [default: az''s]'
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;emulator'= {
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
            cand start 'Serve the emulator over HTTPS on this machine, for az, SDKs and curl'
            cand reset 'Bring the emulator''s first world back'
        }
        &'az-acr;emulator;start'= {
            cand --port 'Port on 127.0.0.1; 0 takes a free one'
            cand --cert-dir 'Directory for ca.pem [default: az-acr/tls in $XDG_STATE_HOME]'
            cand --request-log 'Append each request to a file, a line of JSON each'
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;emulator;reset'= {
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'az-acr;completion'= {
            cand -o 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --output 'json, jsonc, yaml, yamlc, table, tsv or none'
            cand --query 'JMESPath query on the result'
            cand --subscription 'Name or id of the subscription'
            cand --cloud 'A cloud that az knows, or ''emulator'' [default: az''s]'
            cand --only-show-errors 'Show only errors, no warnings'
            cand --verbose 'Say what is being done'
            cand --debug 'Show the login that is used and every request'
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
