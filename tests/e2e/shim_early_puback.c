// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD this before musterd to give it a libmosquitto that acknowledges before the commit: external threads are never announced, so
// the library writes each PUBACK at once.
#include <mosquitto.h>

int mosquitto_threaded_set(struct mosquitto *mosquitto, bool threaded)
{
	(void)mosquitto, (void)threaded;
	return MOSQ_ERR_SUCCESS;
}
