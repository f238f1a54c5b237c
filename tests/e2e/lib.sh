# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What every end-to-end test needs: real services on free loopback ports, and nothing left behind. A test begins with
#
#   #!/bin/sh
#   . "$(dirname "$0")/lib.sh"
#   start_broker
#   start_musterd "$work/musterd.yaml" "$http_port"
#   expect "the list is empty" test "$(muster devices --json)" = "[]"
#
# and ends by its last line: at exit all that was started is stopped, the plan (1..N) is printed, and the folder $work is removed, or
# kept and named if anything failed. Exit status: 0 only if there was at least one result, each was ok, and the script went through.
# From check: MUSTER_BUILD (folder of the programs), MUSTER_SERVICES (the unpacked daemons); by hand the defaults below do.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
MUSTER_BUILD=${MUSTER_BUILD:-$top/build/release}
MUSTER_SERVICES=${MUSTER_SERVICES:-$top/build/services}
PATH=$MUSTER_BUILD:$MUSTER_BUILD/tests:$MUSTER_SERVICES/usr/sbin:$MUSTER_SERVICES/usr/bin:$PATH
export MUSTER_BUILD MUSTER_SERVICES PATH

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-e2e-$(basename "$0").XXXXXX")
started_pids=
results=0
failures=0

# ok TEXT / not_ok TEXT: one result.
ok() {
	results=$((results + 1))
	echo "ok $results - $*"
}

not_ok() {
	results=$((results + 1))
	failures=$((failures + 1))
	echo "not ok $results - $*"
}

# expect TEXT COMMAND...: one result, ok if the command succeeds. Never ends the script.
expect() {
	text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text (failed: $*)"; fi
}

# wait_for SECONDS COMMAND...: tries the command every 0.1 s until it succeeds; 1 when the time is over. The command's output is dropped.
wait_for() {
	deadline=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# port_listens, port_taken, free_port
# shellcheck source=tests/services/port.sh
. "$top/tests/services/port.sh"

# start NAME COMMAND...: runs it in the background, its output in $work/NAME.log (appended); sets `started_pid`.
start() {
	log=$work/$1.log
	shift
	"$@" >>"$log" 2>&1 </dev/null &
	started_pid=$!
	started_pids="$started_pids $started_pid"
}

# stop PID [SIGNAL]: sends the signal (TERM) and waits for the end; after 10 s KILL. Returns the exit status of the process.
stop() {
	kill "-${2-TERM}" "$1" 2>/dev/null || true
	wait_for 10 not_running "$1" || kill -KILL "$1" 2>/dev/null || true
	status=0
	wait "$1" 2>/dev/null || status=$?
	return "$status"
}

# A zombie has ended, too; only its parent has not asked yet.
not_running() {
	case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) in
	'' | Z | X) return 0 ;;
	*) return 1 ;;
	esac
}

# die TEXT [LOG]: the test cannot go on.
die() {
	not_ok "$1"
	[ -z "${2-}" ] || tail -n 20 "$2" | sed 's/^/# /'
	exit 1
}

# start_broker [LINE]...: starts the unpacked mosquitto and waits until its port answers; sets broker_port and broker_pid. The lines are
# added to its configuration. Started again (after a stop) it has the port and configuration of the first time.
start_broker() {
	if [ ! -e "$work/mosquitto.conf" ]; then
		free_port
		broker_port=$port
		cat >"$work/mosquitto.conf" <<-END
			listener $broker_port 127.0.0.1
			allow_anonymous true
			user $(id -un)
			persistence false
			set_tcp_nodelay true
			max_inflight_messages 0
			max_queued_messages 0
			max_packet_size 65536
			log_dest stderr
			log_type error
			log_type warning
			log_type notice
			log_type information
			log_type subscribe
			log_timestamp_format %Y-%m-%dT%H:%M:%S
		END
	fi
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$work/mosquitto.conf"
	start mosquitto mosquitto -c "$work/mosquitto.conf"
	# shellcheck disable=SC2034 # for the test
	broker_pid=$started_pid
	wait_for 10 port_listens "$broker_port" || die "mosquitto does not listen on port $broker_port" "$work/mosquitto.log"
}

# subscribed CLIENT_ID: waits until the broker has the subscription of this client, so that it misses nothing from now on.
subscribed() {
	wait_for 20 grep -q ": $1 [0-2] " "$work/mosquitto.log" || die "$1 does not subscribe" "$work/mosquitto.log"
}

# start_musterd CONFIG HTTP_PORT: starts it and waits until it says that it is ready; sets musterd_pid.
start_musterd() {
	start musterd musterd --config "$1"
	musterd_pid=$started_pid
	wait_for 20 ready_or_ended "$2" || die "musterd is not ready on http://127.0.0.1:$2/readyz" "$work/musterd.log"
	! not_running "$musterd_pid" || die "musterd ended instead of getting ready" "$work/musterd.log"
}

ready_or_ended() {
	not_running "$musterd_pid" || curl -fs --max-time 2 "http://127.0.0.1:$1/readyz"
}

at_exit() {
	exit_status=$?
	trap - EXIT INT TERM HUP
	set +e
	for pid in $started_pids; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in $started_pids; do
		stop "$pid"
	done
	if [ "$exit_status" -ne 0 ] && [ "$failures" -eq 0 ]; then
		not_ok "the script ended early, status $exit_status"
	elif [ "$results" -eq 0 ]; then
		not_ok "no result at all"
	fi
	echo "1..$results"
	if [ "$failures" -gt 0 ]; then
		echo "# logs and state are kept in $work"
		exit 1
	fi
	rm -rf "$work"
	exit 0
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
