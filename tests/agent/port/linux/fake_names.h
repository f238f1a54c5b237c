// SPDX-License-Identifier: Apache-2.0
// A name server and a hosts file of a test's own: UDP on loopback, on the test's loop, and the files that lead a resolver there.
#ifndef FAKE_NAMES_H
#define FAKE_NAMES_H
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

enum fake_names_mood {
	FAKE_NAMES_ANSWER, // with the addresses below
	FAKE_NAMES_NONE, // there is no such name
	FAKE_NAMES_REFUSE,
	FAKE_NAMES_SILENT,
};

struct fake_names {
	int fd;
	struct event io;
	enum fake_names_mood mood;
	unsigned ipv4_count; // it answers with 127.0.0.1, 127.0.0.2 ...
	bool ipv6; // and with ::1
	unsigned asked; // questions that came
	char resolv_conf[40], hosts[40]; // paths
	char nameserver[32]; // line of resolv_conf that leads here
};

// The hosts file has no name but those of `hosts`, and none if that is empty.
void fake_names_start(struct fake_names *names, struct event_base *loop, const char *hosts);
void fake_names_stop(struct fake_names *names); // removes the files, too
void fake_names_write(const char *path, const char *text);

#endif
