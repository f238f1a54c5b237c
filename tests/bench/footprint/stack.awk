# SPDX-License-Identifier: Apache-2.0
# The deepest stack below each public call, from gcc's call graphs (-fcallgraph-info=su). Prints "BYTES ROOT: path" for -v roots="a b".
#
# A call through a pointer goes to the functions of the same file that nobody calls by name: the tables of events and actions. Calls through the
# port's tables, and into the C library, count nothing: what they need comes on top. A recursion counts once (the messages nest four deep).
match($0, /title: "[^"]*"/) && /^node:/ {
	name = substr($0, RSTART + 8, RLENGTH - 9)
	if (match($0, /[0-9]+ bytes \((static|dynamic[^)]*)\)/)) {
		frame[name] = substr($0, RSTART) + 0
		file_of[name] = FILENAME
		functions[++known] = name
	}
}
/^edge:/ {
	match($0, /sourcename: "[^"]*"/)
	from = substr($0, RSTART + 13, RLENGTH - 14)
	match($0, /targetname: "[^"]*"/)
	to = substr($0, RSTART + 13, RLENGTH - 14)
	calls[from] = calls[from] to "\n"
	called[to] = 1
}

function targets_of(from, to,    i, list) {
	if (to != "__indirect_call")
		return to "\n"
	for (i = 1; i <= known; i++)
		if (file_of[functions[i]] == file_of[from] && !called[functions[i]] && functions[i] ~ /:/)
			list = list functions[i] "\n"
	return list
}

function depth(name,    list, targets, count, number, i, j, below, best, path) {
	if (name in deepest)
		return deepest[name]
	if (busy[name] || !(name in frame))
		return 0
	busy[name] = 1
	count = split(calls[name], list, "\n")
	for (i = 1; i < count; i++) {
		number = split(targets_of(name, list[i]), targets, "\n")
		for (j = 1; j < number; j++) {
			below = depth(targets[j])
			if (below > best) {
				best = below
				path = targets[j]
			}
		}
	}
	busy[name] = 0
	next_of[name] = path
	return deepest[name] = frame[name] + best
}

END {
	count = split(roots, root, " ")
	for (i = 1; i <= count; i++) {
		if (!(root[i] in frame)) {
			print "stack: no function " root[i] | "cat >&2"
			exit 1
		}
		printf "%d %s:", depth(root[i]), root[i]
		for (name = next_of[root[i]]; name != ""; name = next_of[name]) {
			short = name
			sub(/^.*:/, "", short)
			printf " %s %d,", short, frame[name]
		}
		print ""
	}
}
