# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Free TCP ports of this machine, for scripts to source. Reads the kernel's own tables; opens nothing.

# True if something listens on this TCP port.
port_listens() {
	awk -v port="$(printf %04X "$1")" '$4 == "0A" && substr($2, length($2) - 3) == port { found = 1 } END { exit !found }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# True if any socket has this local port.
port_taken() {
	awk -v port="$(printf %04X "$1")" 'substr($2, length($2) - 3) == port { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# free_port: sets `port` to one that no socket uses and that was not given out before. Below 32768: the kernel hands out those above.
ports=" "
free_port() {
	while :; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		case $ports in *" $port "*) continue ;; esac
		port_taken "$port" || break
	done
	ports="$ports$port "
}
