# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# For tests with devices: a musterd of their own and how to ask it. To be included after lib.sh.
# shellcheck disable=SC2154 # work, port and the like come from lib.sh

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
