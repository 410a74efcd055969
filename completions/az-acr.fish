complete --keep-order --exclusive --command az-acr --arguments "(AZ_ACR_COMPLETE=fish az-acr -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
