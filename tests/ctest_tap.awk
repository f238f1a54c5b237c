# SPDX-License-Identifier: Apache-2.0
# Turns the output of `ctest -V` (programs speaking TAP) into one TAP line for each test function, and the whole output of a failed program.
# A program that ran nothing, crashed, hung or was not there counts as one failure.
/^[0-9]+: / {
	number = $1 + 0
	text = substr($0, index($0, ":") + 2)
	output[number] = output[number] text "\n"
	if (text ~ /^ok /) {
		passed[number]++
		sub(/^ok [0-9]+ - /, "", text)
		good[number] = good[number] "ok - %NAME%" text "\n"
	} else if (text ~ /^not ok /) {
		failed[number]++
		sub(/^not ok [0-9]+ -? */, "", text)
		bad[number] = bad[number] "not ok - %NAME%" text "\n"
	}
}
/Test +#[0-9]+: / {
	match($0, /#[0-9]+/)
	number = substr($0, RSTART + 1, RLENGTH - 1) + 0
	rest = substr($0, RSTART + RLENGTH + 2)
	split(rest, word, " ")
	name[number] = word[1]
	status[number] = rest
	order[++count] = number
}
# "test-x ....***Not Run   0.00 sec" -> "not built"; else the reason that ctest gives.
function how(text) {
	sub(/^.*\*\*\*/, "", text)
	sub(/ +[0-9.]+ sec.*/, "", text)
	return text ~ /^Not Run/ ? "not built" : "did not end well: " text
}
END {
	for (i = 1; i <= count; i++) {
		number = order[i]
		gsub(/%NAME%/, name[number] ": ", good[number])
		gsub(/%NAME%/, name[number] ": ", bad[number])
		printf "%s", good[number]
		ok = status[number] ~ / Passed / && passed[number] > 0 && !failed[number]
		if (ok)
			continue
		printf "# ---- %s\n", status[number]
		lines = split(output[number], line, "\n")
		for (k = 1; k < lines; k++)
			print "# " line[k]
		if (failed[number])
			printf "%s", bad[number]
		else
			print "not ok - " name[number] ": " (status[number] ~ / Passed / ? "ran no test" : how(status[number]))
		wrong = 1
	}
	exit wrong
}
