// SPDX-License-Identifier: Apache-2.0
#include "agent/network/access_point.h"

void mu_access_point_init(struct mu_access_point *point, const struct mu_port *port, const struct mu_link_config *config)
{
	bool station = !config->wired && config->network_count > 0;
	*point = (struct mu_access_point){
		.port = port,
		.own = config->own,
		.needs = station ? MU_LINK_CAN_BOTH : MU_LINK_CAN_ACCESS_POINT,
		.always = config->own_always || (!config->wired && !station),
	};
}

static int open_or_close(struct mu_access_point *point, bool on)
{
	int can = point->port->link->can(point->port->context);
	if (on && mu_link_own_problem(point->own))
		return MU_ERR_INVALID;
	if (on && (can < 0 || !((unsigned)can & point->needs)))
		return MU_ERR_UNSUPPORTED;
	int err = point->port->link->serve(point->port->context, on ? point->own : 0);
	if (err < 0)
		return err;
	point->serving = on;
	point->stations = 0;
	point->change = on ? MU_ACCESS_POINT_OPENED : MU_ACCESS_POINT_CLOSED;
	return 0;
}

int mu_access_point_apply(struct mu_access_point *point)
{
	bool on = point->own && (point->asked || point->always);
	return on == point->serving ? 0 : open_or_close(point, on);
}

int mu_access_point_serve(struct mu_access_point *point, bool on)
{
	if (!point->own)
		return MU_ERR_NOT_FOUND;
	point->asked = on;
	return mu_access_point_apply(point);
}

void mu_access_point_restarted(struct mu_access_point *point)
{
	enum mu_access_point_change untold = point->change;
	bool was_serving = point->serving;
	point->serving = false;
	point->stations = 0;
	if (!was_serving)
		return;
	bool again = mu_access_point_apply(point) >= 0;
	point->change = again ? untold : MU_ACCESS_POINT_CLOSED;
}

void mu_access_point_station(struct mu_access_point *point, const struct mu_event *event)
{
	point->stations = event->value;
	point->change = event->type == MU_EVENT_STATION_JOINED ? MU_ACCESS_POINT_JOINED : MU_ACCESS_POINT_LEFT;
}

const char *mu_access_point_notice(struct mu_access_point *point, uint64_t now_ms, int32_t *stations)
{
	static const char *const changes[] = { 0, "opened", "closed", "joined", "left" };
	const char *change = now_ms < point->notice_ms ? 0 : changes[point->change];
	if (!change)
		return 0;
	*stations = point->stations;
	point->change = MU_ACCESS_POINT_SAME;
	point->notice_ms = now_ms + MU_ACCESS_POINT_NOTICE_MS;
	return change;
}

uint64_t mu_access_point_notice_ms(const struct mu_access_point *point)
{
	return point->change == MU_ACCESS_POINT_SAME ? UINT64_MAX : point->notice_ms;
}
