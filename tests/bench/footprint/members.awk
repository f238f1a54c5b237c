# SPDX-License-Identifier: Apache-2.0
# What a struct is made of, from `readelf --debug-dump=info`: prints "BYTES MEMBER" for each member of -v struct=NAME, in order. A member's bytes
# are those up to the next one, so that padding is counted and the rows add up to the struct.
function value(line) {
	sub(/.*: */, "", line)
	return line
}
# <depth><offset>: Abbrev Number: ... (DW_TAG_...)
/^ *<[0-9a-f]+><[0-9a-f]+>:/ {
	match($1, /<[0-9a-f]+>/)
	depth = substr($1, RSTART + 1, RLENGTH - 2)
	if (wanted && depth <= wanted)
		exit
	is_struct = /DW_TAG_structure_type/
	is_member = wanted && depth == wanted + 1 && /DW_TAG_member/
	next
}
/DW_AT_name/ && is_struct { found = value($0) == struct }
/DW_AT_byte_size/ && is_struct && found {
	size = value($0)
	wanted = depth + 0
	found = 0
}
/DW_AT_name/ && is_member { names[++count] = value($0) }
/DW_AT_data_member_location/ && is_member { places[count] = value($0) }
END {
	places[count + 1] = size
	for (i = 1; i <= count; i++)
		print places[i + 1] - places[i], names[i]
}
