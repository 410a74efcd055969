
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'az-acr' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'az-acr'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'az-acr' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show-endpoints', 'show-endpoints', [CompletionResultType]::ParameterValue, 'Show the endpoints of a registry: login server, data endpoints, regional endpoints')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change a registry, e.g. enable its dedicated data endpoints')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a registry')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List registries')
            [CompletionResult]::new('emulator', 'emulator', [CompletionResultType]::ParameterValue, 'Run the embedded Azure for other programs, or reset it')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            break
        }
        'az-acr;show-endpoints' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('--resource-group', '--resource-group', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;update' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('--resource-group', '--resource-group', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('--data-endpoint-enabled', '--data-endpoint-enabled', [CompletionResultType]::ParameterName, 'Dedicated data endpoints')
            [CompletionResult]::new('--regional-endpoints', '--regional-endpoints', [CompletionResultType]::ParameterName, 'Login servers of single regions (preview)')
            [CompletionResult]::new('--endpoint-protocol', '--endpoint-protocol', [CompletionResultType]::ParameterName, 'IP versions of the endpoints (preview)')
            [CompletionResult]::new('--sku', '--sku', [CompletionResultType]::ParameterName, 'SKU of the registry')
            [CompletionResult]::new('--public-network-enabled', '--public-network-enabled', [CompletionResultType]::ParameterName, 'Access from the public network')
            [CompletionResult]::new('--default-action', '--default-action', [CompletionResultType]::ParameterName, 'When no network rule matches (Premium)')
            [CompletionResult]::new('--allow-trusted-services', '--allow-trusted-services', [CompletionResultType]::ParameterName, 'Trusted Azure services pass network rules')
            [CompletionResult]::new('--admin-enabled', '--admin-enabled', [CompletionResultType]::ParameterName, 'The admin user')
            [CompletionResult]::new('--anonymous-pull-enabled', '--anonymous-pull-enabled', [CompletionResultType]::ParameterName, 'Pulls without a login')
            [CompletionResult]::new('--allow-exports', '--allow-exports', [CompletionResultType]::ParameterName, 'Export of artifacts (preview)')
            [CompletionResult]::new('--allow-metadata-search', '--allow-metadata-search', [CompletionResultType]::ParameterName, 'The metadata search (preview)')
            [CompletionResult]::new('--writable-cache-repos', '--writable-cache-repos', [CompletionResultType]::ParameterName, 'Writes to cache rules'' repositories (preview)')
            [CompletionResult]::new('--role-assignment-mode', '--role-assignment-mode', [CompletionResultType]::ParameterName, 'Role assignment mode')
            [CompletionResult]::new('--tags', '--tags', [CompletionResultType]::ParameterName, 'Tags: key[=value] …; '''' removes all')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;show' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Registry name or login server [default: az''s]')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('--resource-group', '--resource-group', [CompletionResultType]::ParameterName, 'Its resource group; saves a search [default: az''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;list' {
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Resource group; without it all of the subscription [default: az''s]')
            [CompletionResult]::new('--resource-group', '--resource-group', [CompletionResultType]::ParameterName, 'Resource group; without it all of the subscription [default: az''s]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;emulator' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Serve the emulator over HTTPS on this machine, for az, SDKs and curl')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Bring the emulator''s first world back')
            break
        }
        'az-acr;emulator;start' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port on 127.0.0.1; 0 takes a free one')
            [CompletionResult]::new('--cert-dir', '--cert-dir', [CompletionResultType]::ParameterName, 'Directory for ca.pem [default: az-acr/tls in $XDG_STATE_HOME]')
            [CompletionResult]::new('--request-log', '--request-log', [CompletionResultType]::ParameterName, 'Append each request to a file, a line of JSON each')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;emulator;reset' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'az-acr;completion' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'json, jsonc, yaml, yamlc, table, tsv or none')
            [CompletionResult]::new('--query', '--query', [CompletionResultType]::ParameterName, 'JMESPath query on the result')
            [CompletionResult]::new('--subscription', '--subscription', [CompletionResultType]::ParameterName, 'Name or id of the subscription')
            [CompletionResult]::new('--cloud', '--cloud', [CompletionResultType]::ParameterName, 'A cloud that az knows, or ''emulator'' [default: az''s]')
            [CompletionResult]::new('--only-show-errors', '--only-show-errors', [CompletionResultType]::ParameterName, 'Show only errors, no warnings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what is being done')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Show the login that is used and every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
