#!/usr/bin/env bash
# node_exporter's textfile collector takes a valid OpenMetrics text without an error, and its
# counters arrive without their type and help.
#
# Cause: the collector parses the classic text format. In OpenMetrics the TYPE and HELP of a
# counter name the family, and the sample has the name with _total behind it. To the classic
# format these are two families: one without samples, and one without a type. The collector
# then gives the second one a help text of its own, with the path of the file in it.
#
# Seen with node_exporter v1.9.1 on linux/amd64: it exports "# TYPE frames_total untyped" and
# "# HELP frames_total Metric read from /…/a.prom", and reports node_textfile_scrape_error 0.
# A gauge in the same file keeps its type and help. rate() works on an untyped series, so only
# who reads the metadata notices.
#
# A program that writes for this collector must write the classic text format, where the TYPE
# of a counter has its name with _total.
#
# Needs: Go and network for the module. Fails when node_exporter no longer does this.
set -euo pipefail

work=$(mktemp -d)
exporter=
trap 'test -z "$exporter" || kill "$exporter"; chmod -R u+w "$work"; rm -rf "$work"' EXIT
GOBIN=$work GOFLAGS=-modcacherw go install github.com/prometheus/node_exporter@v1.9.1

mkdir "$work/texts"
cat >"$work/texts/a.prom" <<'TEXT'
# TYPE frames counter
# HELP frames Frames that were sent.
frames_total 7
# TYPE depth gauge
# HELP depth Frames that wait.
depth 2
# EOF
TEXT
"$work/node_exporter" --collector.disable-defaults --collector.textfile --collector.textfile.directory="$work/texts" \
	--web.listen-address=127.0.0.1:0 2>"$work/log" &
exporter=$!
until address=$(grep -om1 "address=127[^ ]*" "$work/log" | head -n 1) && [ -n "$address" ]; do sleep 0.1; done
curl -fsS "http://${address#address=}/metrics" | grep -E '^(# (TYPE|HELP) )?(frames|depth|node_textfile_scrape_error)' >"$work/seen"
sed "s,$work,,g" "$work/seen"

for line in '# TYPE frames_total untyped' '# HELP depth Frames that wait.' '# TYPE depth gauge' 'node_textfile_scrape_error 0'; do
	if ! grep -qx "$line" "$work/seen"; then
		echo "changed: there is no line: $line"
		exit 1
	fi
done
if ! grep -q '^# HELP frames_total Metric read from ' "$work/seen"; then
	echo "changed: the help of a counter is no longer the collector's"
	exit 1
fi
