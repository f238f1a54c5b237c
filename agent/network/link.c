// SPDX-License-Identifier: Apache-2.0
#include "agent/network/link.h"
#include <string.h>

static const struct mu_link_config plain_wire = { .wired = true };

int mu_link_init(struct mu_link *link, const struct mu_port *port, const struct mu_link_config *config, const char **problem)
{
	*link = (struct mu_link){ .port = port, .config = config ? config : &plain_wire };
	for (size_t i = 0; i < link->config->network_count; i++) {
		const char *ssid = link->config->networks[i].ssid;
		if (i < MU_LINK_NETWORKS_MAX && ssid && *ssid && strlen(ssid) <= MU_SSID_MAX)
			continue;
		if (problem)
			*problem = "link: at most 4 networks, each with a name of 1..32 characters";
		return MU_ERR_INVALID;
	}
	const struct mu_link_own *own = link->config->own;
	if (own && strlen(own->passphrase) < MU_LINK_PASSPHRASE_MIN) {
		if (problem)
			*problem = "link: the own access point needs a passphrase of 8 characters at least: an open one is never served";
		return MU_ERR_INVALID;
	}
	return 0;
}

int mu_link_connect(struct mu_link *link, uint64_t now_ms)
{
	struct mu_link_join join = { .wired = link->config->wired, .address = link->config->wired_address };
	(void)now_ms;
	if (!join.wired && link->config->network_count) {
		const struct mu_link_network *network = &link->config->networks[0];
		strncpy(join.ssid, network->ssid, MU_SSID_MAX);
		strncpy(join.passphrase, network->passphrase ? network->passphrase : "", MU_PASSPHRASE_MAX);
		join.least_auth = network->least_auth;
		join.address = network->address;
	}
	return link->port->link->connect(link->port->context, &join);
}

int mu_link_disconnect(struct mu_link *link)
{
	return link->port->link->disconnect(link->port->context);
}

int mu_link_restart(struct mu_link *link)
{
	int err = link->port->link->restart(link->port->context);
	if (err >= 0 && link->awake)
		link->port->link->power_save(link->port->context, false);
	return err;
}

int mu_link_serve(struct mu_link *link, bool on)
{
	const struct mu_link_own *own = link->config->own;
	if (!own)
		return MU_ERR_NOT_FOUND;
	on = on || link->config->own_always;
	if (on == link->serving)
		return 0;
	if (on && strlen(own->passphrase) < MU_LINK_PASSPHRASE_MIN) // never an open one
		return MU_ERR_INVALID;
	int err = link->port->link->serve(link->port->context, on ? own : 0);
	if (err >= 0)
		link->serving = on;
	return err < 0 ? err : 0;
}

int mu_link_power_save(struct mu_link *link, bool on)
{
	int err = link->port->link->power_save(link->port->context, on);
	if (err >= 0)
		link->awake = !on;
	return err < 0 ? err : 0;
}

int mu_link_scan(struct mu_link *link, uint64_t now_ms)
{
	(void)now_ms;
	return link->port->link->scan(link->port->context, 0);
}

enum mu_link_heard mu_link_event(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value)
{
	(void)link, (void)now_ms;
	*value = event->type == MU_EVENT_SCAN_DONE ? event->value : event->reason;
	switch (event->type) {
	case MU_EVENT_LINK_UP: return MU_LINK_HEARD_UP;
	case MU_EVENT_LINK_DOWN: return MU_LINK_HEARD_DOWN;
	case MU_EVENT_SCAN_DONE: return MU_LINK_HEARD_SCANNED;
	default: return MU_LINK_HEARD_NOTHING;
	}
}
