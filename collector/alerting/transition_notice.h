// SPDX-License-Identifier: Apache-2.0
// What of a stored transition is told to people: that an alert fires, that its severity changed, that it ended. All else (pending, a
// recovery that has begun) is the engine's own business. Pure. Thread: any.
#ifndef COLLECTOR_ALERTING_TRANSITION_NOTICE_H
#define COLLECTOR_ALERTING_TRANSITION_NOTICE_H
#include <jansson.h>
#include "alerts/alerts.h"
#include "collector/store/store_alerts.h"

enum { TRANSITION_NOTICE_TEXTS = 64 }; // labels, and annotations; more are left out

// A notice and the memory that it points into, besides the transition's.
struct transition_notice {
	struct notice notice;
	struct notice_text labels[TRANSITION_NOTICE_TEXTS], annotations[TRANSITION_NOTICE_TEXTS];
	json_t *owned[2];
};

bool transition_notice_is(const struct store_transition *transition); // whether it is one

// Of an alert that fires as it stands, whatever its latest transition was.
bool transition_notice_fires(const struct store_transition *transition);

// transition_notice_free() afterwards. The notice is as the transition says, or, of an alert that fires, that it does.
void transition_notice_make(struct transition_notice *made, const struct store_transition *transition);
void transition_notice_free(struct transition_notice *made);

#endif
