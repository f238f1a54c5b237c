// SPDX-License-Identifier: Apache-2.0
// Files that are part of the program: muster_embed() in CMakeLists.txt makes the rows.
#ifndef ALERTS_EMBEDDED_H
#define ALERTS_EMBEDDED_H

struct embedded_file {
	const char *name;        // 0: no more
	const char *bytes, *end; // a zero byte follows
};

// The files of alerts/rules/: "stock.yml" is what the configuration calls `stock`.
extern const struct embedded_file embedded_rules[];

#endif
