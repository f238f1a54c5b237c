// SPDX-License-Identifier: Apache-2.0
// What rules can count with event_count(): the events that are in a device's records. One row each in event_kind.c.
//
//   boot{class="crash",cause="none"}  every boot, unreported and folded ones included      crash, hang, brown_out  boots of that kind
//   link_lost, session_lost           losses of the radio link, of the MQTT session         gap                     numbers that the device dropped
//   rolled_back{cause="command"}      an update or image was taken back                     update_failed{cause=..} an update ended as failed
//   app{name="door_open"}             an Event record of the application                    log{level="error"}      a log line
//
// Enum values are written as in muster.proto, without the prefix and in lower case: RESET_BROWN_OUT is "brown_out".
// Pure. Thread: any.
#ifndef ALERTS_ENGINE_EVENT_KIND_H
#define ALERTS_ENGINE_EVENT_KIND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "muster.pb-c.h"

enum event_kind {
	EVENT_BOOT,
	EVENT_CRASH,
	EVENT_HANG,
	EVENT_BROWN_OUT,
	EVENT_LINK_LOST,
	EVENT_SESSION_LOST,
	EVENT_ROLLED_BACK,
	EVENT_UPDATE_FAILED,
	EVENT_GAP,
	EVENT_APP,
	EVENT_LOG,
	EVENT_KINDS
};

enum { EVENT_FILTERS_MAX = 2, EVENT_FILTER_BYTES = 48 };

// Which events of a kind; all of its matchers must hold. Only = and != with a literal text.
struct event_filter {
	enum event_kind kind;
	unsigned count;
	struct {
		char label[16];
		bool is_not;
		char text[EVENT_FILTER_BYTES];
	} matchers[EVENT_FILTERS_MAX];
};

const char *event_kind_name(enum event_kind kind);
int event_kind_find(const char *name);                                 // -1: no such
bool event_kind_has_label(enum event_kind kind, const char *label);
// Whether `text` can ever be a value of this label (a typo in an enum value is an error); labels of free text take anything.
bool event_kind_knows(enum event_kind kind, const char *label, const char *text);
// The values that an enum label can have, separated by ", "; "" for free text.
const char *event_kind_values(enum event_kind kind, const char *label, char *buffer, size_t size);

// Bits (1 << enum event_kind) of the kinds that this record brings.
uint64_t event_kinds_of(const Mu__Record *record);
// How many events in this record pass the filter: folded boots count each, a Gap counts its numbers.
uint64_t event_weight(const struct event_filter *filter, const Mu__Record *record);

#endif
