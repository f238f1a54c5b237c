# SPDX-License-Identifier: Apache-2.0
# Writes C code with comments removed and strings and character constants emptied, line by line: each file into the folder `to`, under its own name.
FNR == 1 {
	close(target)
	target = to "/" FILENAME
	in_comment = 0
}
/^[ \t]*#[ \t]*include/ && !in_comment { print >target; next }
{
	out = ""
	quote = ""
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		two = substr($0, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
		} else if (quote != "") {
			if (c == "\\")
				i++
			else if (c == quote) {
				quote = ""
				out = out c
			}
		} else if (two == "/*") {
			in_comment = 1
			i++
		} else if (two == "//") {
			break
		} else {
			if (c == "\"" || c == "'")
				quote = c
			out = out c
		}
	}
	print out >target
}
