// SPDX-License-Identifier: Apache-2.0
// The device's own access point: open when it is asked for or always, never without a passphrase, and who is there.
//
// Memory: the caller's; the configuration is kept by reference. Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_ACCESS_POINT_H
#define MU_ACCESS_POINT_H
#include "agent/event.h"
#include "agent/network/link_config.h"
#include "agent/port/port.h"

enum { MU_ACCESS_POINT_NOTICE_MS = 10000 }; // between two notices

enum mu_access_point_change {
	MU_ACCESS_POINT_SAME,
	MU_ACCESS_POINT_OPENED,
	MU_ACCESS_POINT_CLOSED,
	MU_ACCESS_POINT_JOINED,
	MU_ACCESS_POINT_LEFT
};

struct mu_access_point {
	const struct mu_port *port;
	const struct mu_link_own *own; // null: none
	enum mu_link_can needs; // of the port
	bool always, asked, serving;
	enum mu_access_point_change change; // the last, not yet told
	int32_t stations; // that are there
	uint64_t notice_ms; // the next notice, at the earliest
};

void mu_access_point_init(struct mu_access_point *point, const struct mu_port *port, const struct mu_link_config *config);

// Opens or closes it (one that is always open stays). 0, also if nothing changes; MU_ERR_NOT_FOUND: none is configured; MU_ERR_INVALID: it
// would be an open one; MU_ERR_UNSUPPORTED: the port cannot, or not beside the station; else the port's error, and all is as it was.
int mu_access_point_serve(struct mu_access_point *point, bool on);

// As it was asked for last; for the start, and to try again. Errors as above; 0 if there is none.
int mu_access_point_apply(struct mu_access_point *point);

void mu_access_point_restarted(struct mu_access_point *point); // the radio has closed it: opens it again if it is asked for
void mu_access_point_station(struct mu_access_point *point, const struct mu_event *event); // MU_EVENT_STATION_*

// The last change ("opened", "closed", "joined", "left") and the stations that there are now; null: nothing to tell, or not yet.
const char *mu_access_point_notice(struct mu_access_point *point, uint64_t now_ms, int32_t *stations);
uint64_t mu_access_point_notice_ms(const struct mu_access_point *point); // when there will be one; UINT64_MAX: none waits

#endif
