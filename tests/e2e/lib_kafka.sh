# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# For tests with a real Kafka. To be included after lib.sh.
# shellcheck disable=SC2154 # work, port and the like come from lib.sh

# start_kafka: starts the broker and waits until its port answers; sets kafka_port and kafka_pid. Started again (after a stop) it has the port and the
# data of the first time.
start_kafka() {
	if [ -z "${kafka_port-}" ]; then
		free_port && kafka_port=$port
		free_port && kafka_controller_port=$port
	fi
	start kafka "$top/tests/services/kafka" run "$work/kafka" "$kafka_port" "$kafka_controller_port"
	# shellcheck disable=SC2034 # for the test
	kafka_pid=$started_pid
	wait_for 30 port_listens "$kafka_port" || die "Kafka does not listen on port $kafka_port" "$work/kafka.log"
}

# create_topics NAME:PARTITIONS...
create_topics() {
	"$top/tests/services/kafka" create-topics "$kafka_port" "$@" >>"$work/topics.log" 2>&1 || die "the topics cannot be created" "$work/topics.log"
}

# set_topic NAME KEY=VALUE
set_topic() {
	"$top/tests/services/kafka" alter-topic "$kafka_port" "$1" "$2" >>"$work/topics.log" 2>&1 || die "the topic cannot be changed" "$work/topics.log"
}

# Everything that the store has is in Kafka, as far as musterd's metrics tell.
is_delivered() {
	[ "$(metric kafka_backlog)" = 0 ]
}
