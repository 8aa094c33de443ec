#!/bin/sh
# Is the provider of .env (or of the environment) reachable, and is the account right?
#   ./test-provider.sh [TRUNK] [--dry-invite NUMBER]
# Numbered steps: name, connection, OPTIONS, codecs, account, other transports, firewall; exit code 1 when one fails.
# It asks the running tandem, or looks for itself when there is none: see `tandem help doctor`.
set -eu
cd "$(dirname "$0")"
for program in "${TANDEM_BIN:-out/tandem}" tandem; do
    if command -v "$program" > /dev/null 2>&1; then
        exec "$program" doctor "$@"
    fi
done
echo "test-provider.sh: there is no tandem yet: ./run builds it" >&2
exit 2
