#!/usr/bin/env bash
# A Go program that only writes or reads MCAP files has an HTTP server, TLS and a test
# library in it, and where cgo is on it is no static binary.
#
# Cause: the package has a helper for its own tests in a file whose name does not end in
# _test.go. It imports github.com/stretchr/testify/require, which imports
# net/http/httptest, which imports net/http, and net uses the C library's resolver.
#
# Seen with github.com/foxglove/mcap/go/mcap v1.7.3 and Go 1.26 on linux/amd64: a program
# of one call, mcap.NewReader, depends on testify, net/http/httptest and net/http. The
# linker drops what is never called, but each program runs their initialization, and with
# CGO_ENABLED=1 it has an interpreter (ld-linux). With CGO_ENABLED=0 it has none.
#
# A program that must run on musl, or start fast, has to be built with CGO_ENABLED=0, or
# needs a writer of its own.
#
# Needs: Go, network for the module. Fails when the package no longer does this.
set -euo pipefail

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >go.mod <<'MOD'
module finding

go 1.21

require github.com/foxglove/mcap/go/mcap v1.7.3
MOD
cat >main.go <<'GO'
package main

import (
	"os"

	"github.com/foxglove/mcap/go/mcap"
)

func main() {
	_, err := mcap.NewReader(os.Stdin)
	println(err != nil)
}
GO
go mod tidy >/dev/null 2>&1

linked=$(go list -deps . | grep -x -e github.com/stretchr/testify/require -e net/http/httptest -e net/http || true)
echo "linked into a program that calls mcap.NewReader:" $linked
if [ "$(wc -w <<<"$linked")" != 3 ]; then
	echo "changed: the package no longer links its test library"
	exit 1
fi
if command -v gcc >/dev/null && command -v readelf >/dev/null; then
	CGO_ENABLED=1 go build -o dynamic .
	CGO_ENABLED=0 go build -o static .
	for program in dynamic static; do
		echo "$program: $(readelf -l $program | grep -c INTERP || true) interpreter"
	done
	if ! readelf -l dynamic | grep -q INTERP || readelf -l static | grep -q INTERP; then
		echo "changed: cgo no longer decides whether the program needs an interpreter"
		exit 1
	fi
fi
