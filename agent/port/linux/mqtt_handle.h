// SPDX-License-Identifier: Apache-2.0
// A libmosquitto handle for one session, with all that has to be known before it connects: last will, user, TLS, no descriptor of its own;
// and what its errors mean.
//
// Its calls only queue; whoever has it writes (mosquitto_loop_write()). TCP_NODELAY is on.
// Memory: the caller ends it with mosquitto_destroy(). Thread: the loop's; no other one may open files during the call.
#ifndef MU_PORT_LINUX_MQTT_HANDLE_H
#define MU_PORT_LINUX_MQTT_HANDLE_H
#include "agent/port/linux/resolver.h"
#include "agent/port/linux/tls.h"
#include "agent/port/port.h"

struct mosquitto;
struct mu_broker_uri;

// Nothing of options is kept. 0; MU_ERR_NO_MEMORY; MU_ERR_INVALID: user or last will; MU_ERR_AUTH: the TLS files. *out is null after an error.
int mu_mqtt_handle_new(struct mosquitto **out, const struct mu_mqtt_options *options, const struct mu_broker_uri *uri,
	const struct mu_mqtt_tls *files, void *context);

// Begins to connect, which closes the socket that the handle had. 0, or why there is no way there. Resolves nothing.
int mu_mqtt_handle_connect(struct mosquitto *handle, const struct mu_address *address, uint32_t keepalive_s);

// Whether the socket came to be connected; whether its peer is still there, in the midst of a TLS handshake, which libmosquitto would try for
// ever on a socket that was reset. 0 or enum mu_err.
int mu_mqtt_handle_check_connection(int fd);
int mu_mqtt_handle_check_handshake(int fd);

// What a call of libmosquitto that returned `code` and left `error` in errno means to the core: enum mu_err.
int mu_mqtt_handle_reason(int code, int error);

#endif
