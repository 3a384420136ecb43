#!/usr/bin/env bash
# The process that makes a named POSIX semaphore has it in /proc/PID/maps as a deleted
# file of another name, for as long as it maps it. Only the inode says that it is the
# semaphore, which is there. A process that opens the same semaphore has its name.
#
# Cause: sem_open with O_CREAT fills a temporary file, maps it, links it to the
# semaphore's name, and removes the temporary name. The mapping keeps the name by which
# the file was opened.
#
# Seen with
#   glibc 2.36 (Debian 12): the maker has "/dev/shm/sem.XXXXXX (deleted)", six letters
#     and digits, while /dev/shm/sem.NAME exists; the opener has "/dev/shm/sem.NAME"
#   musl 1.2.3 (Debian 12's package): the maker has "/dev/shm/tmp-N (deleted)", while
#     /dev/shm/NAME exists, without "sem."; the opener has "/dev/shm/NAME"
#
# A tool that looks for the users of a lock by the names in maps misses its maker, and
# takes a lock in use for a deleted file. It must compare device and inode.
#
# Needs: Go, network for github.com/ebitengine/purego v0.9.1 and (for musl) Debian's
# package musl 1.2.3-1. Fails when a library behaves in another way. Without apt-get,
# or where the package is not offered, it looks at glibc alone.
set -euo pipefail

work=$(mktemp -d)
name=finding$$
trap 'rm -rf "$work"; rm -f "/dev/shm/sem.$name" "/dev/shm/$name"' EXIT
cd "$work"

cat >go.mod <<'MOD'
module finding

go 1.21

require github.com/ebitengine/purego v0.9.1
MOD
cat >go.sum <<'SUM'
github.com/ebitengine/purego v0.9.1 h1:a/k2f2HQU3Pi399RPW1MOaZyhKJL9w/xFpKAg4q1s0A=
github.com/ebitengine/purego v0.9.1/go.mod h1:iIjxzd6CiRiOG0UyXP+V1+jWqUXVjPKLAI0mRfJZTmQ=
SUM
cat >main.go <<'GO'
// Opens the semaphore /NAME, which it makes when told to "make", and prints the files
// of /dev/shm in its own maps whose inode is the semaphore's.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/ebitengine/purego"
)

func main() {
	name, act := os.Args[1], os.Args[2]
	libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	check(err)
	var semOpen func(name string, flags int32, mode, value uint32) uintptr
	purego.RegisterLibFunc(&semOpen, libc, "sem_open")
	flags, library := int32(0), "musl"
	if act == "make" {
		flags = syscall.O_CREAT | syscall.O_EXCL
	}
	if at, err := purego.Dlsym(libc, "gnu_get_libc_version"); err == nil {
		var version func() string
		purego.RegisterFunc(&version, at)
		library = "glibc " + version()
	}
	if semOpen("/"+name, flags, 0o600, 1) == 0 {
		check(fmt.Errorf("sem_open failed"))
	}
	var st syscall.Stat_t
	if syscall.Stat("/dev/shm/sem."+name, &st) != nil {
		check(syscall.Stat("/dev/shm/"+name, &st))
	}
	maps, err := os.ReadFile("/proc/self/maps")
	check(err)
	for _, line := range strings.Split(string(maps), "\n") {
		if w := strings.Fields(line); len(w) > 5 && w[4] == fmt.Sprint(st.Ino) && strings.HasPrefix(w[5], "/dev/shm/") {
			fmt.Printf("%s: %s: %s\n", library, act, strings.Join(w[5:], " "))
		}
	}
	if act == "make" { // and another process opens it while this one has it
		opener := exec.Command("/proc/self/exe", name, "open")
		if os.Getenv("LOADER") != "" {
			opener = exec.Command(os.Getenv("LOADER"), os.Getenv("PROGRAM"), name, "open")
		}
		opener.Stdout, opener.Stderr = os.Stdout, os.Stderr
		check(opener.Run())
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
GO
CGO_ENABLED=0 go build -o program .

# expect OUTPUT PATTERN…: each line of the output matches its pattern, and there are no
# more lines.
expect() {
	printf '%s\n' "$1"
	local n=0 lines pattern
	mapfile -t lines <<<"$1"
	shift
	for pattern; do
		if ! [[ ${lines[n]:-} =~ ^$pattern$ ]]; then
			echo "changed: line $((n + 1)) was $pattern"
			exit 1
		fi
		n=$((n + 1))
	done
	if [ "${#lines[@]}" != $n ]; then
		echo "changed: there were $n lines"
		exit 1
	fi
}

expect "$(./program "$name" make)" \
	'glibc [0-9.]+: make: /dev/shm/sem\.[A-Za-z0-9]{6} \(deleted\)' \
	"glibc [0-9.]+: open: /dev/shm/sem\\.$name"
test -e "/dev/shm/sem.$name"
rm "/dev/shm/sem.$name"

if [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && apt-get download -qq musl=1.2.3-1 >/dev/null 2>&1; then
	dpkg-deb -x musl_1.2.3-1_amd64.deb musl
	export LOADER=$work/musl/lib/x86_64-linux-musl/libc.so PROGRAM=$work/program
	("$LOADER" 2>&1 || true) | grep -x 'Version 1.2.3'
	expect "$("$LOADER" "$PROGRAM" "$name" make)" \
		'musl: make: /dev/shm/tmp-[0-9]+ \(deleted\)' \
		"musl: open: /dev/shm/$name"
	test -e "/dev/shm/$name"
else
	echo "musl 1.2.3-1 is not offered here: not looked at"
fi
echo "as it was"
