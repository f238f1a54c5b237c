# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# For tests with devices: a musterd of their own and how to ask it. To be included after lib.sh.
# shellcheck disable=SC2154 # work, port and the like come from lib.sh

# need_files N: so many files and sockets may be open in each process from now on.
need_files() {
	# shellcheck disable=SC3045 # every sh of ours has it
	[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge "$1" ] || ulimit -S -n "$1" || die "needs $1 open files: raise the hard limit (ulimit -Hn)"
}

# write_config [LINE]...: the configuration of musterd for the broker of start_broker; the lines are added. Sets config, http_port and
# what `muster` needs to find it.
write_config() {
	free_port
	http_port=$port
	config=$work/musterd.yaml
	cat >"$config" <<-END
		broker:
		  uri: mqtt://127.0.0.1:$broker_port
		store:
		  path: $work/muster.db
		http:
		  listen: 127.0.0.1:$http_port
	END
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$config"
	MUSTER_SERVER=http://127.0.0.1:$http_port
	export MUSTER_SERVER
}

# metric NAME: the value of muster_NAME.
metric() {
	curl -fs --max-time 5 "$MUSTER_SERVER/metrics" | awk -v name="muster_$1" '$1 == name { print $2; found = 1 } END { exit !found }'
}

metric_is() {
	[ "$(metric "$1")" = "$2" ]
}

# device ID FILTER: what the API says of a device, through jq.
device() {
	muster device "$1" --json 2>/dev/null | jq -er "$2"
}

device_is() {
	[ "$(device "$1" "$2")" = "$3" ]
}

# Nothing comes out of the broker any more: two looks, a second apart, see the same. For a musterd whose devices are stopped.
is_drained() {
	before=$(metric mqtt_received_total) || return 1
	sleep 1
	[ "$(metric mqtt_received_total)" = "$before" ]
}

# The last number of the form NAME=N in a log.
last_of() {
	tail -n 3 "$work/$1.log" | tr ' ' '\n' | sed -n "s/^$2=\([0-9]*\)\$/\1/p" | tail -n 1
}

# make_keys: the keys of an operator alice and of a collector, and a token. After write_config.
make_keys() {
	MUSTER_KEYS=$work/keys
	muster keys new alice --role operator --dir "$MUSTER_KEYS" >"$work/keys.log"
	muster keys new musterd --role collector --dir "$MUSTER_KEYS" >>"$work/keys.log"
	MUSTER_TOKEN=$(musterd token add alice --config "$config" 2>>"$work/keys.log" | tail -n 1)
	export MUSTER_KEYS MUSTER_TOKEN
}

# start_device ID [OPTION]...: one virtual device on the flash $work/ID.bin; its pid is in $work/ID.pid.
start_device() {
	device_id=$1
	shift
	start "$device_id" muster-device --broker "mqtt://127.0.0.1:$broker_port" --id "$device_id" --flash "$work/$device_id.bin" \
		--keys "$MUSTER_KEYS" --interval 1 "$@"
	echo "$started_pid" >"$work/$device_id.pid"
}

# stop_device ID [SIGNAL]
stop_device() {
	stop "$(cat "$work/$1.pid")" "${2-TERM}" || true
}
