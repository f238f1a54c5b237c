# SPDX-License-Identifier: Apache-2.0
# What the linker kept, from its map: prints "FLASH RAM MODULE", in bytes. The map's lines are "section address size file", a long section name on a
# line of its own.

function hex(text,    i, value) {
	for (i = 3; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
	return value + 0
}
/^Linker script and memory map/ { begun = 1 }
!begun { next }
NF == 1 && /^ \.[a-z]/ { section = $1; next }
/^ \.[a-z]/ { section = $1; size = $3; file = $4 }
!/^ \.[a-z]/ { size = $2; file = $3; if ($1 !~ /^0x/ || file !~ /\.(o|o\))$/) next }
file !~ /\.(o|o\))$/ { next }
section ~ /^\.(text|rodata|srodata|sdata2|data|sdata|bss|sbss|init|fini)/ {
	bytes = hex(size)
	if (!bytes) next
	sub(/^.*\//, "", file)
	if (file !~ /__/) file = "c_library"
	sub(/\.o$/, "", file)
	if (section ~ /bss/) ram[file] += bytes
	else flash[file] += bytes
	if (section ~ /^\.s?data/) ram[file] += bytes
	seen[file] = 1
}
END { for (file in seen) print flash[file] + 0, ram[file] + 0, file }
