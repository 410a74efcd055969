
set edit:completion:arg-completer[az-acr] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) AZ_ACR_COMPLETE="elvish" az-acr -- $@words) | to-lines
}

